//! The neutral dialect, which is OpenAI's chat completions, as provider components read it, and the
//! JSON that they make of it.
//!
//! A request is read into types once; what the types do not name is kept beside them as JSON text,
//! so that a provider can carry it on or say that it cannot. Texts stay as the client wrote them,
//! with their escapes, until somebody asks for the characters: most go upstream untouched.
//!
//! ```
//! use tollgate_neutral::{ChatRequest, Message, write};
//!
//! let body = r#"{"messages":[{"role":"user","content":"h\u00e9"}],"top_k":4}"#;
//! let request = ChatRequest::read(body).unwrap();
//! let Some(Message::User(user)) = request.messages.first() else { unreachable!() };
//! assert_eq!(user.content.len(), 1);
//! assert_eq!(request.rest.names().collect::<Vec<_>>(), ["top_k"]);
//! assert_eq!(write::object(|o| o.text("say", "\"hi\"")), r#"{"say":"\"hi\""}"#);
//! ```

mod answer;
mod effort;
pub mod embeddings;
mod failure;
mod format;
mod loss;
mod message;
mod object;
mod part;
mod request;
mod source;
mod text;
mod tools;
pub mod write;

pub use answer::{Answer, Progress, Reader};
pub use effort::Effort;
pub use failure::{invalid, kind_of_status, malformed, presentable, wordless};
pub use format::ResponseFormat;
pub use loss::{LABELS, Loss};
pub use message::{Assistant, Message, Reasoning, ToolCall, ToolResult, Turn};
pub use object::{Object, array, count, flag, number, same_value};
pub use part::Part;
pub use request::{ChatRequest, body_text};
pub use source::Source;
pub use text::Text;
pub use tools::{Tool, ToolChoice};
