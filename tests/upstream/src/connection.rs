//! The life of one connection: requests in, scripts out.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer;
use crate::record::{Call, Ending, Record};
use crate::request::Request;
use crate::script::{Cut, Hold, Reply, Script};
use crate::voice::{Said, Voice};
use crate::wire::Wire;

/// What becomes of the connection after an answer.
#[derive(PartialEq, Eq)]
enum After {
    Keep,
    Close,
    Reset,
}

/// Serves a connection until either side ends it.
pub(crate) async fn serve(mut wire: Wire, record: Arc<Record>) {
    let number = record.connect();
    // A connection that breaks between requests is the gateway's business, not an error here.
    while let Ok(Some(request)) = Request::read(&mut wire).await {
        if request.target.starts_with("/__") {
            if control(&mut wire, &request, &record).await.is_err() {
                return;
            }
            continue;
        }
        match play(&mut wire, request, number, &record).await {
            Ok(After::Keep) => {}
            Ok(After::Close) => return wire.close().await,
            Ok(After::Reset) => return wire.reset(),
            Err(_) => return,
        }
    }
}

/// The members of a body that can be read; numbers too large or nesting too deep for this parser
/// are the client's business.
fn readable(body: &[u8]) -> Value {
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(body).unwrap_or_default();
    let read = members.into_iter().filter_map(|(name, text)| {
        serde_json::from_str(text.get()).ok().map(|value: Value| (name, value))
    });
    Value::Object(read.collect())
}

/// Answers a request by its script and records how that ended.
async fn play(
    wire: &mut Wire,
    request: Request,
    connection: usize,
    record: &Record,
) -> io::Result<After> {
    let body = readable(&request.body);
    let voice = Voice::of(&request.target);
    let model = voice.model(&request.target, &body);
    let streams = voice.streams(&request.target, &body);
    let path = request.target.split('?').next().unwrap_or_default().to_owned();
    let earlier = record.calls().iter().filter(|call| call.model == model).count();
    let script = Script::of(&model, &body, earlier);
    let index = record.begin(Call {
        connection,
        method: request.method,
        target: request.target,
        headers: request.headers,
        head: request.head,
        body: request.body,
        model: model.clone(),
        stream: streams,
        ending: Ending::Open,
        deltas_sent: 0,
        usage_sent: None,
    });
    let mut player = Player { wire, record, index, model, body, voice, streams };
    let played = match answer::beside_chats(&path, &player.model) {
        Some(body) if !matches!(script, Script::Error(status) if status != 404) => {
            player.json(200, "", &body).await.map(|()| After::Keep)
        }
        _ => player.script(&script).await,
    };
    let ending = if played.is_ok() { Ending::Played } else { Ending::Cancelled };
    record.update(index, |call| call.ending = ending);
    played
}

struct Player<'a> {
    wire: &'a mut Wire,
    record: &'a Record,
    index: usize,
    model: String,
    body: Value,
    voice: Voice,
    streams: bool,
}

impl Player<'_> {
    async fn json(&mut self, status: u16, extra: &str, body: &Value) -> io::Result<()> {
        let bytes = answer::whole(status, "application/json", extra, body.to_string().as_bytes());
        self.wire.write(&bytes).await
    }

    async fn script(&mut self, script: &Script) -> io::Result<After> {
        match script {
            Script::Reply(reply) => {
                self.wire.byte_by_byte(reply.byte_by_byte);
                let after = self.reply(reply).await;
                self.wire.byte_by_byte(false);
                after
            }
            Script::Error(status) => {
                let extra = if *status == 429 { "retry-after: 7\r\n" } else { "" };
                self.json(*status, extra, &self.voice.error(*status)).await.map(|()| After::Keep)
            }
            Script::Raw(body) => {
                let bytes = answer::whole(200, "application/json", "", body.as_bytes());
                self.wire.write(&bytes).await.map(|()| After::Keep)
            }
            Script::Reset => Ok(After::Reset),
        }
    }

    async fn reply(&mut self, reply: &Reply) -> io::Result<After> {
        if reply.hold == Hold::Head {
            self.wire.hold(&self.record.gate).await?;
        }
        let after =
            if self.streams { self.stream(reply).await? } else { self.whole(reply).await? };
        Ok(if reply.close { After::Close } else { after })
    }

    async fn whole(&mut self, reply: &Reply) -> io::Result<After> {
        self.hold(reply).await?;
        if reply.cut == Some(Cut::Error) {
            return self.json(500, "", &self.voice.error(500)).await.map(|()| After::Keep);
        }
        let prompt = self.voice.prompt(&self.body);
        let said = Said { model: &self.model, reply, prompt: &prompt };
        let body = self.voice.whole(&said).to_string();
        let bytes = answer::whole(200, "application/json", "", body.as_bytes());
        if let Some(cut) = reply.cut {
            self.wire.write(&bytes[..bytes.len() - body.len() / 2]).await?;
            return Ok(if cut == Cut::Reset { After::Reset } else { After::Close });
        }
        // Recorded before it is written: whoever has the answer finds it in the record.
        self.record.update(self.index, |call| call.usage_sent = reply.usage);
        self.wire.write(&bytes).await?;
        Ok(After::Keep)
    }

    async fn stream(&mut self, reply: &Reply) -> io::Result<After> {
        let (model, prompt) = (self.model.clone(), self.voice.prompt(&self.body));
        let said = Said { model: &model, reply, prompt: &prompt };
        self.wire.write(answer::stream_head(self.voice.stream_kind()).as_bytes()).await?;
        for event in self.voice.opening(&said) {
            self.event(reply, &event).await?;
        }
        let deltas = if reply.cut.is_some() { 2 } else { reply.deltas };
        for index in 0..deltas {
            self.hold(reply).await?;
            // Recorded before it is written: whoever has the delta finds it in the record.
            self.record.update(self.index, |call| call.deltas_sent += 1);
            self.write_event(&self.voice.delta(&said, index)).await?;
        }
        if let Some(cut) = reply.cut {
            return self.cut(reply, cut).await;
        }
        let asked = self.body["stream_options"]["include_usage"] == true;
        let told = !matches!(self.voice, Voice::OpenAi | Voice::Text) || asked;
        if let Some(tokens) = reply.usage.filter(|_| told) {
            self.record.update(self.index, |call| call.usage_sent = Some(tokens));
        }
        let closing = self.voice.closing(&said, asked);
        let Some((last, others)) = closing.split_last() else { return Ok(After::Keep) };
        for event in others {
            self.event(reply, event).await?;
        }
        let end = [answer::chunk(last), answer::LAST_CHUNK.into()].concat();
        self.wire.write(&end).await?;
        Ok(After::Keep)
    }

    async fn cut(&mut self, reply: &Reply, cut: Cut) -> io::Result<After> {
        match cut {
            Cut::Framing => Ok(After::Close),
            Cut::Reset => Ok(After::Reset),
            Cut::Clean => {
                self.wire.write(answer::LAST_CHUNK.as_bytes()).await?;
                Ok(After::Keep)
            }
            Cut::Error => {
                self.event(reply, &self.voice.error_event()).await?;
                self.wire.write(answer::LAST_CHUNK.as_bytes()).await?;
                Ok(After::Keep)
            }
        }
    }

    async fn event(&mut self, reply: &Reply, data: &[u8]) -> io::Result<()> {
        self.hold(reply).await?;
        self.write_event(data).await
    }

    async fn hold(&mut self, reply: &Reply) -> io::Result<()> {
        match reply.hold {
            Hold::Event => self.wire.hold(&self.record.gate).await,
            Hold::No | Hold::Head => Ok(()),
        }
    }

    async fn write_event(&mut self, data: &[u8]) -> io::Result<()> {
        self.wire.write(&answer::chunk(data)).await
    }
}

/// What a test in another process asks: `GET /__calls`, `POST /__release/N`.
async fn control(wire: &mut Wire, request: &Request, record: &Record) -> io::Result<()> {
    if let Some(permits) = request.target.strip_prefix("/__release/") {
        record.gate.add_permits(permits.parse().unwrap_or(1));
    }
    let calls: Vec<Value> = record.calls().iter().map(describe).collect();
    let body = Value::from(calls).to_string();
    wire.write(&answer::whole(200, "application/json", "", body.as_bytes())).await
}

fn describe(call: &Call) -> Value {
    json!({
        "model": call.model,
        "stream": call.stream,
        "ending": format!("{:?}", call.ending).to_lowercase(),
        "deltas_sent": call.deltas_sent,
        "prompt": call.prompt(),
        "body": call.json(),
        "authorization": call.header("authorization"),
    })
}
