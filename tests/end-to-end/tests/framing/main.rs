//! Framing: whatever bytes a client sends, the server behind is asked what the gateway accepted and
//! nothing else, and nobody gets an answer that is another's.
//!
//! Behind every case stand two more requests on the same connection, the victims. They arrive as
//! they were sent, each answered by its own answer, or not at all.

mod calls;
mod case;
mod cases;
mod corpus;
mod downgrade;
mod floods;
mod frames;
mod judge;
mod judging;
mod recorder;
mod sender;
mod truth;
