//! What somebody sees who starts the gateway without a configuration.

use std::io::Write;
use std::net::SocketAddr;

/// Prints addresses, the master key if it is new, and three lines to try.
pub(crate) fn print(plain: SocketAddr, tls: &[SocketAddr], master_key: Option<&str>) {
    let mut out = std::io::stdout().lock();
    let _closed = out.write_all(text(plain, tls, master_key).as_bytes());
    let _closed = out.flush();
}

fn text(plain: SocketAddr, tls: &[SocketAddr], master_key: Option<&str>) -> String {
    let mut text = format!("\nTollgate listens on http://{plain}");
    for address in tls {
        text.push_str(&format!(" and https://localhost:{}", address.port()));
    }
    match master_key {
        Some(key) => text.push_str(&format!(
            "\n\nThe master key, shown this once:\n\n  export MASTER_KEY={key}\n"
        )),
        None => text.push_str(
            "\n\nThe master key is the one from the first start, or LITELLM_MASTER_KEY:\n\n  \
             export MASTER_KEY=...\n",
        ),
    }
    text.push_str(&format!(
        r#"
Make a key, make a call, and see what it cost:

  KEY=$(curl -s http://{plain}/key/generate -H "Authorization: Bearer $MASTER_KEY" -d '{{"max_budget": 1}}' | grep -o '"key":"sk-[^"]*' | cut -d'"' -f4)
  curl -s http://{plain}/v1/chat/completions -H "Authorization: Bearer $KEY" -d '{{"model": "demo", "messages": [{{"role": "user", "content": "Hello"}}]}}'
  curl -s http://{plain}/key/info -H "Authorization: Bearer $KEY" | grep -o '"spend":[^,]*'

"#
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_shown_only_if_it_is_new() {
        let plain = SocketAddr::from(([127, 0, 0, 1], 24157));
        assert!(text(plain, &[], Some("sk-master-x")).contains("MASTER_KEY=sk-master-x"));
        let text = text(plain, &[plain], None);
        assert_eq!(text.matches("curl -s").count(), 3);
        assert!(text.contains("https://localhost:24157"));
    }
}
