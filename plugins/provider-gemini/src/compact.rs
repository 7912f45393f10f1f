//! JSON without the white space between its values: Google prints its answers for people.

/// The same JSON on one line. What is inside texts stays.
pub(crate) fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find(['"', ' ', '\n', '\r', '\t']) {
        let (plain, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let text = tail.strip_prefix('"').map(|inside| text_length(inside) + 1);
        let (text, after) = tail.split_at_checked(text.unwrap_or(0)).unwrap_or((tail, ""));
        out.push_str(text);
        rest = after.trim_start_matches([' ', '\n', '\r', '\t']);
    }
    out.push_str(rest);
    out
}

/// Bytes up to and with the quote that ends a text.
fn text_length(inside: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_except_inside_texts() {
        for (json, expected) in [
            (
                "{\n  \"a b\" : [ 1,\t2 ],\r\n \"c\": \" \\\" \\\\\" }",
                "{\"a b\":[1,2],\"c\":\" \\\" \\\\\"}",
            ),
            ("{}", "{}"),
            (" 1 ", "1"),
            ("\"é \"", "\"é \""),
            ("\"open ", "\"open "),
        ] {
            assert_eq!(compact(json), expected);
        }
    }
}
