//! Tool calls one after the other: a block of Anthropic's is stopped before the next begins, and what
//! comes later for it is lost on clients. A call that begins while another is not complete waits.

use tollgate_domain::ToolCallDelta;

/// The calls of one stream.
#[derive(Debug, Default)]
pub(super) struct Tools {
    open: Option<Open>,
    /// Calls that wait for the open one, with what has arrived of them, in their order.
    waiting: Vec<ToolCallDelta>,
    /// Calls whose blocks are stopped.
    done: Vec<u32>,
    waiting_bytes: usize,
}

/// The call whose block is open.
#[derive(Debug)]
struct Open {
    number: u32,
    shape: Shape,
}

/// What is to be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A block for this call begins.
    Begin(ToolCallDelta),
    /// The open block grows by this.
    Grow(String),
}

/// How far a JSON object has come.
#[derive(Debug, Default)]
struct Shape {
    depth: u64,
    has_begun: bool,
    in_string: bool,
    is_escaped: bool,
}

// === impl Tools ===

impl Tools {
    /// What a piece makes to be written.
    pub(super) fn piece(&mut self, call: &ToolCallDelta) -> Vec<Step> {
        if let Some(open) = self.open.as_mut().filter(|open| open.number == call.index) {
            open.shape.feed(&call.arguments);
            let mut steps = grown(&call.arguments);
            self.follow(&mut steps);
            return steps;
        }
        if let Some(known) = self.waiting.iter_mut().find(|known| known.index == call.index) {
            known.arguments.push_str(&call.arguments);
            self.waiting_bytes += call.arguments.len();
            return Vec::new();
        }
        if self.done.contains(&call.index) {
            // Its arguments were complete, or something else was said since.
            return Vec::new();
        }
        if self.open.as_ref().is_some_and(|open| !open.shape.is_whole()) {
            self.waiting_bytes += call.arguments.len();
            self.waiting.push(call.clone());
            return Vec::new();
        }
        let mut steps = Vec::new();
        self.begin(call.clone(), &mut steps);
        steps
    }

    /// What is left to be written when no more pieces come.
    pub(super) fn end(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        for call in std::mem::take(&mut self.waiting) {
            self.begin(call, &mut steps);
        }
        self.done.extend(self.open.take().map(|open| open.number));
        self.waiting_bytes = 0;
        steps
    }

    /// Bytes that wait.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// Begins the calls that wait, as far as the ones before them are complete.
    fn follow(&mut self, steps: &mut Vec<Step>) {
        while !self.waiting.is_empty() && self.open.as_ref().is_some_and(|it| it.shape.is_whole()) {
            let next = self.waiting.remove(0);
            self.waiting_bytes = self.waiting_bytes.saturating_sub(next.arguments.len());
            self.begin(next, steps);
        }
    }

    fn begin(&mut self, mut call: ToolCallDelta, steps: &mut Vec<Step>) {
        let arguments = std::mem::take(&mut call.arguments);
        let mut shape = Shape::default();
        shape.feed(&arguments);
        let open = Open { number: call.index, shape };
        self.done.extend(self.open.replace(open).map(|before| before.number));
        steps.push(Step::Begin(call));
        steps.extend(grown(&arguments));
    }
}

fn grown(arguments: &str) -> Vec<Step> {
    if arguments.is_empty() { Vec::new() } else { vec![Step::Grow(arguments.to_owned())] }
}

// === impl Shape ===

impl Shape {
    fn feed(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.in_string => self.is_escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => {
                    self.has_begun = true;
                    self.depth += 1;
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.has_begun && self.depth == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(index: u32, arguments: &str) -> ToolCallDelta {
        ToolCallDelta { index, id: None, name: None, arguments: arguments.to_owned() }
    }

    fn begin(index: u32) -> Step {
        Step::Begin(piece(index, ""))
    }

    fn grow(text: &str) -> Step {
        Step::Grow(text.to_owned())
    }

    #[test]
    fn calls_in_a_row_do_not_wait() {
        let mut tools = Tools::default();
        assert_eq!(tools.piece(&piece(0, "")), [begin(0)]);
        assert_eq!(tools.piece(&piece(0, "{\"a\":\"}\\\"\"")), [grow("{\"a\":\"}\\\"\"")]);
        assert_eq!(tools.piece(&piece(0, "}")), [grow("}")]);
        assert_eq!(tools.piece(&piece(1, "{}")), [begin(1), grow("{}")]);
        assert_eq!(tools.end(), []);
    }

    #[test]
    fn calls_side_by_side_come_one_after_the_other() {
        let mut tools = Tools::default();
        assert_eq!(tools.piece(&piece(0, "{")), [begin(0), grow("{")]);
        assert_eq!(tools.piece(&piece(1, "{\"b\":")), []);
        assert_eq!(tools.piece(&piece(2, "[")), []);
        assert_eq!(tools.waiting_bytes(), 6);
        assert_eq!(tools.piece(&piece(1, "2}")), []);
        let steps = tools.piece(&piece(0, "}"));
        assert_eq!(steps, [grow("}"), begin(1), grow("{\"b\":2}"), begin(2), grow("[")]);
        assert_eq!(tools.waiting_bytes(), 0);
        assert_eq!(tools.piece(&piece(1, " ")), []);
        assert_eq!(tools.piece(&piece(3, "{}")), []);
        assert_eq!(tools.end(), [begin(3), grow("{}")]);
    }
}
