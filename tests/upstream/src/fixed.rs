//! The same small answer to every request.

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::framed::{Form, Requests};

/// Serves until the program ends.
pub(crate) async fn serve(listener: TcpListener) -> Result<(), String> {
    let answers: [&'static [u8]; 2] = [answer(OPENAI).leak(), answer(ANTHROPIC).leak()];
    loop {
        let (stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        tokio::spawn(answer_all(stream, answers));
    }
}

async fn answer_all(mut stream: TcpStream, [openai, anthropic]: [&'static [u8]; 2]) {
    let mut requests = Requests::new();
    while let Some(form) = requests.next(&mut stream).await {
        let answer = match form {
            Form::OpenAi => openai,
            Form::Anthropic => anthropic,
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

fn answer(body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// A chat completion of about 600 bytes.
const OPENAI: &str = concat!(
    r#"{"id":"chatcmpl-fixed","object":"chat.completion","created":1700000000,"#,
    r#""model":"fixed","system_fingerprint":"fp_fixed","choices":[{"index":0,"message":"#,
    r#"{"role":"assistant","content":"A toll is a fee for the use of a road or a bridge.","#,
    r#""refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"#,
    r#""usage":{"prompt_tokens":64,"completion_tokens":16,"total_tokens":80,"#,
    r#""prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"#,
    r#""completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"#,
    r#""accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"#,
    r#""service_tier":"default"}"#,
);

/// A message of the same text.
const ANTHROPIC: &str = concat!(
    r#"{"id":"msg_fixed","type":"message","role":"assistant","model":"fixed","content":["#,
    r#"{"type":"text","text":"A toll is a fee for the use of a road or a bridge."}],"#,
    r#""stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":64,"#,
    r#""cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":"#,
    r#"{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"#,
    r#""output_tokens":16,"service_tier":"standard"}}"#,
);
