use super::*;

fn binary_header(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend_from_slice(&[command, family]);
    bytes.extend_from_slice(&u16::try_from(addresses.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(addresses);
    bytes
}

/// A whole header is found in itself and before other bytes, and none is found in a part of it.
fn assert_parses(header: &[u8], client: Option<&str>) {
    let client = client.map(|text| text.parse().unwrap());
    let whole = Some(Parsed::Whole(header.len(), client));
    assert_eq!(parse(header), whole);
    assert_eq!(parse(&[header, b"GET / HTTP/1.1\r\n"].concat()), whole);
    for end in 1..header.len() {
        assert_eq!(parse(&header[..end]), Some(Parsed::Partial), "{end} bytes");
    }
}

#[test]
fn lines_of_version_1_name_the_client() {
    assert_parses(b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n", Some("192.0.2.7:4711"));
    assert_parses(b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", Some("[2001:db8::7]:4711"));
    assert_parses(b"PROXY UNKNOWN\r\n", None);
    assert_parses(b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None);
}

#[test]
fn headers_of_version_2_name_the_client() {
    let v4 = [192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x67, 0x01, 0xbb];
    assert_parses(&binary_header(0x21, 0x11, &v4), Some("192.0.2.7:4711"));
    let with_more = [&v4[..], &[0x03, 0x00, 0x04, 1, 2, 3, 4]].concat();
    assert_parses(&binary_header(0x21, 0x11, &with_more), Some("192.0.2.7:4711"));
    let mut v6 = [0; 36];
    v6[..2].copy_from_slice(&[0x20, 0x01]);
    v6[15] = 7;
    v6[32..34].copy_from_slice(&[0x12, 0x67]);
    assert_parses(&binary_header(0x21, 0x21, &v6), Some("[2001::7]:4711"));
    assert_parses(&binary_header(0x20, 0x11, &v4), None);
    assert_parses(&binary_header(0x20, 0x00, &[]), None);
    assert_parses(&binary_header(0x21, 0x00, &[]), None);
}

#[test]
fn what_is_no_header_is_refused() {
    let long = format!("PROXY TCP4 {}", "1".repeat(LINE_MAX));
    for bytes in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"\x16\x03\x01\x02\x00",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443 9\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 70000 443\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 4711 443\r\n",
        b"PROXY UDP4 192.0.2.7 198.51.100.1 4711 443\r\n",
        b"proxy TCP4 192.0.2.7 198.51.100.1 4711 443\r\n",
        long.as_bytes(),
        &binary_header(0x11, 0x11, &[0; 12]),
        &binary_header(0x22, 0x11, &[0; 12]),
        &binary_header(0x21, 0x11, &[0; 11]),
        &binary_header(0x21, 0x21, &[0; 35]),
        &binary_header(0x21, 0x11, &[0; 5000]),
    ] {
        assert_eq!(parse(bytes), None, "{:?}", String::from_utf8_lossy(bytes));
    }
}
