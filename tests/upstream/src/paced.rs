//! A stream whose events come at a steady pace and say when they were sent.
//!
//! Every text is `@HAD/SENT;`: nanoseconds of the machine's clock at which the request was had
//! whole and the event was written. The environment sets the pace: `PACE_FIRST_MS` (50) to the
//! first token, `PACE_MS` (20) between tokens, `PACE_TOKENS` (100).

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

use crate::framed::{Form, Requests};

#[derive(Clone, Copy)]
struct Pace {
    first: Duration,
    between: Duration,
    tokens: u64,
}

/// Serves until the program ends.
pub(crate) async fn serve(listener: TcpListener) -> Result<(), String> {
    let pace = Pace {
        first: Duration::from_millis(set("PACE_FIRST_MS", 50)),
        between: Duration::from_millis(set("PACE_MS", 20)),
        tokens: set("PACE_TOKENS", 100),
    };
    loop {
        let (stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        tokio::spawn(stream_all(stream, pace));
    }
}

fn set(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

async fn stream_all(mut stream: TcpStream, pace: Pace) {
    let mut requests = Requests::new();
    while let Some(form) = requests.next(&mut stream).await {
        // The client went away: nothing to do for this connection.
        if play(&mut stream, form, pace).await.is_err() {
            return;
        }
    }
}

async fn play(stream: &mut TcpStream, form: Form, pace: Pace) -> io::Result<()> {
    let had = now();
    let mut next = Instant::now() + pace.first;
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let opening = [head.as_bytes(), &chunk(form.opening())].concat();
    stream.write_all(&opening).await?;
    for _ in 0..pace.tokens {
        sleep_until(next).await;
        next += pace.between;
        let text = format!("@{had}/{};", now());
        stream.write_all(&chunk(&form.delta(&text))).await?;
    }
    stream.write_all(&[chunk(&form.closing(pace.tokens)), b"0\r\n\r\n".to_vec()].concat()).await
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

fn chunk(data: &str) -> Vec<u8> {
    format!("{:x}\r\n{data}\r\n", data.len()).into_bytes()
}

impl Form {
    fn opening(self) -> &'static str {
        match self {
            Self::OpenAi => concat!(
                r#"data: {"id":"chatcmpl-paced","object":"chat.completion.chunk","#,
                r#""created":1700000000,"model":"paced","choices":[{"index":0,"delta":"#,
                r#"{"role":"assistant","content":""},"finish_reason":null}]}"#,
                "\n\n"
            ),
            Self::Anthropic => concat!(
                "event: message_start\n",
                r#"data: {"type":"message_start","message":{"id":"msg_paced","type":"message","#,
                r#""role":"assistant","model":"paced","content":[],"stop_reason":null,"#,
                r#""stop_sequence":null,"usage":{"input_tokens":64,"output_tokens":1}}}"#,
                "\n\nevent: content_block_start\n",
                r#"data: {"type":"content_block_start","index":0,"content_block":"#,
                r#"{"type":"text","text":""}}"#,
                "\n\n"
            ),
        }
    }

    fn delta(self, text: &str) -> String {
        match self {
            Self::OpenAi => format!(
                "data: {{\"id\":\"chatcmpl-paced\",\"object\":\"chat.completion.chunk\",\
                 \"created\":1700000000,\"model\":\"paced\",\"choices\":[{{\"index\":0,\
                 \"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
            ),
            Self::Anthropic => format!(
                "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\
                 \"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
            ),
        }
    }

    fn closing(self, tokens: u64) -> String {
        match self {
            Self::OpenAi => format!(
                "data: {{\"id\":\"chatcmpl-paced\",\"object\":\"chat.completion.chunk\",\
                 \"created\":1700000000,\"model\":\"paced\",\"choices\":[{{\"index\":0,\
                 \"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n\
                 data: {{\"id\":\"chatcmpl-paced\",\"object\":\"chat.completion.chunk\",\
                 \"created\":1700000000,\"model\":\"paced\",\"choices\":[],\"usage\":\
                 {{\"prompt_tokens\":64,\"completion_tokens\":{tokens},\
                 \"total_tokens\":{}}}}}\n\ndata: [DONE]\n\n",
                tokens + 64
            ),
            Self::Anthropic => format!(
                "event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":0}}\n\n\
                 event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":\
                 {{\"stop_reason\":\"end_turn\",\"stop_sequence\":null}},\"usage\":\
                 {{\"output_tokens\":{tokens}}}}}\n\n\
                 event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
            ),
        }
    }
}
