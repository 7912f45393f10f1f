//! Frames as the host cuts them, and every way of handing them over.

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The event's name.
    pub name: Option<String>,
    /// Its data.
    pub data: Vec<u8>,
}

/// Up to so many frames, all groupings are tried: 2¹⁰ of them.
const EXHAUSTIVE_MAX: usize = 11;

// === impl Frame ===

impl Frame {
    /// The whole body as one frame.
    pub fn whole(body: &str) -> Vec<Self> {
        vec![Self { name: None, data: body.as_bytes().to_vec() }]
    }

    /// The events of an event stream that is written plainly: no comments, one line of data each.
    pub fn of_event_stream(text: &str) -> Vec<Self> {
        let events = text.split("\n\n").filter(|event| !event.trim().is_empty());
        events
            .map(|event| {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start)
                };
                Self {
                    name: field("event:").map(str::to_owned),
                    data: field("data:").expect("an event has data").as_bytes().to_vec(),
                }
            })
            .collect()
    }

    /// A frame for each line: name, space, data.
    pub fn of_lines(text: &str) -> Vec<Self> {
        let lines = text.lines().filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let (name, data) = line.split_once(' ').expect("a name and data");
                Self { name: Some(name.into()), data: data.as_bytes().to_vec() }
            })
            .collect()
    }
}

/// Ways to cut a number of frames into groups, each a list of lengths: every way for few frames;
/// for more, every equal length and every single cut.
pub fn groupings(frames: usize) -> Vec<Vec<usize>> {
    if frames == 0 {
        return vec![Vec::new()];
    }
    if frames <= EXHAUSTIVE_MAX {
        return (0..1_u32 << (frames - 1)).map(|cuts| by_cuts(frames, cuts)).collect();
    }
    let equal = (1..=frames).map(|length| {
        let mut lengths = vec![length; frames / length];
        lengths.extend(Some(frames % length).filter(|rest| *rest > 0));
        lengths
    });
    equal.chain((1..frames).map(|first| vec![first, frames - first])).collect()
}

/// A bit that is set cuts after the frame of its number.
fn by_cuts(frames: usize, cuts: u32) -> Vec<usize> {
    let mut lengths = vec![0];
    for frame in 0..frames {
        *lengths.last_mut().expect("not empty") += 1;
        if frame + 1 < frames && cuts >> frame & 1 == 1 {
            lengths.push(0);
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grouping_holds_every_frame_once() {
        assert_eq!(groupings(3), [vec![3], vec![1, 2], vec![2, 1], vec![1, 1, 1]]);
        for frames in [0, 1, 2, 11, 12, 40] {
            for lengths in groupings(frames) {
                assert_eq!(lengths.iter().sum::<usize>(), frames);
                assert!(lengths.iter().all(|length| *length > 0));
            }
        }
    }

    #[test]
    fn streams_are_cut_into_events() {
        let frames = Frame::of_event_stream("event: a\ndata: 1\n\ndata: {}\n\n");
        assert_eq!(frames.len(), 2);
        assert_eq!((frames[0].name.as_deref(), frames[1].name.as_deref()), (Some("a"), None));
        assert_eq!(Frame::of_lines("x {\"a\": 1}\n")[0].data, b"{\"a\": 1}");
    }
}
