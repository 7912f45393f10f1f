//! The tool calls of a choice.

use tollgate_neutral::{Object, malformed};
use tollgate_sdk::types::{Event, Failure, ToolCallDelta};

/// Answers with more calls than this are not believed.
const CALLS_MAX: usize = 1024;

/// The calls that came so far: what the server calls each, by its position.
#[derive(Default)]
pub(crate) struct Calls(Vec<Known>);

/// A call that began.
struct Known {
    /// The server's index; none if it gives none.
    index: Option<u32>,
    id: Option<String>,
}

// === impl Calls ===

impl Calls {
    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the event of a piece of a call.
    pub(crate) fn push(
        &mut self,
        call: Object<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let index = call.get("index").and_then(|index| index.get().parse().ok());
        let id = call.text("id").filter(|id| !id.is_empty()).map(|id| id.into_owned());
        let function = call.object("function").unwrap_or_default();
        self.piece(index, id, &function, events)
    }

    /// Adds the event of the older form, of which a message has one at most and which has no id.
    pub(crate) fn push_function(
        &mut self,
        function: &Object<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        self.piece(Some(0), None, function, events)
    }

    fn piece(
        &mut self,
        index: Option<u32>,
        id: Option<String>,
        function: &Object<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let name = function.text("name").filter(|name| !name.is_empty());
        let arguments = match function.get("arguments") {
            // Some servers give the arguments as the object that they are.
            Some(object) if object.get().starts_with('{') => object.get().to_owned(),
            _ => function.text("arguments").unwrap_or_default().into_owned(),
        };
        let (position, is_new) = self.place(index, id.as_deref())?;
        events.push(Event::ToolCall(ToolCallDelta {
            index: u32::try_from(position).unwrap_or(u32::MAX),
            // Some servers repeat both on every piece.
            id: if is_new { id } else { None },
            name: if is_new { name.map(|name| name.into_owned()) } else { None },
            arguments,
        }));
        Ok(())
    }

    /// Where a piece belongs, and whether it is the first of its call. Some servers give no index:
    /// there another id is another call, and a piece without an id belongs to the last one.
    fn place(&mut self, index: Option<u32>, id: Option<&str>) -> Result<(usize, bool), Failure> {
        let known = match (index, id) {
            (Some(index), _) => self.0.iter().position(|known| known.index == Some(index)),
            (None, Some(id)) => self.0.iter().position(|known| known.id.as_deref() == Some(id)),
            (None, None) => self.0.len().checked_sub(1),
        };
        // An index that begins anew with another id is that of a server which counts each chunk.
        let is_other = known.and_then(|at| self.0.get(at)).is_some_and(
            |known| matches!((&known.id, id), (Some(first), Some(second)) if first != second),
        );
        match known {
            Some(at) if !is_other => Ok((at, false)),
            _ if self.0.len() >= CALLS_MAX => {
                Err(malformed("The provider's answer has too many tool calls."))
            }
            other => {
                // Later pieces with this index are the new call's.
                if let Some(before) = other.and_then(|at| self.0.get_mut(at)) {
                    before.index = None;
                }
                self.0.push(Known { index, id: id.map(str::to_owned) });
                Ok((self.0.len() - 1, true))
            }
        }
    }
}
