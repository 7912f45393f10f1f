//! Answers cut into frames, as the host cuts them.

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The event's name.
    pub name: Option<String>,
    /// Its data.
    pub data: Vec<u8>,
}

/// A whole answer: one frame.
pub(crate) fn whole(body: &str) -> Vec<Piece> {
    vec![Piece { name: None, data: body.as_bytes().to_vec() }]
}

/// An event stream. Files have lines that end with `\n` alone, and no comments within events.
pub(crate) fn events(stream: &str) -> Vec<Piece> {
    stream.split("\n\n").filter_map(event).collect()
}

fn event(text: &str) -> Option<Piece> {
    let field = |name: &str| {
        let lines = text.lines().filter_map(move |line| line.strip_prefix(name));
        lines.map(|value| value.strip_prefix(' ').unwrap_or(value)).collect::<Vec<_>>()
    };
    let data = field("data:");
    let name = field("event:").last().map(|name| (*name).to_owned());
    (!data.is_empty()).then(|| Piece { name, data: data.join("\n").into_bytes() })
}
