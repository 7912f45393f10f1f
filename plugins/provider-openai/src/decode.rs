//! Answers in OpenAI's chat completions made into events, whole ones and streams: a chunk's `delta`
//! and an answer's `message` have the same members.

mod choice;
mod message;
mod tools;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_neutral::{Object, malformed};
use tollgate_sdk::types::{Event, Extension, Failure};

use self::choice::Choice;
use crate::{explain, usage};

/// The last frame of a stream.
const DONE: &[u8] = b"[DONE]";

/// Members of an answer that have events of their own, or mean nothing outside of it.
const UNDERSTOOD: [&str; 8] =
    ["id", "object", "created", "model", "choices", "usage", "error", "obfuscation"];

/// Answers with more choices than this are not believed.
const CHOICES_MAX: usize = 1024;

/// One answer.
#[derive(Default)]
pub(crate) struct Decoder {
    has_id: bool,
    /// The choice that events are about, by its position in `choices`.
    current: usize,
    choices: Vec<Choice>,
    /// Members of the whole answer and their values, as they were given last: streams repeat them.
    extensions: Vec<(String, String)>,
    is_done: bool,
}

#[derive(Deserialize)]
struct Id<'a>(#[serde(borrow)] Cow<'a, str>);

// === impl Decoder ===

impl Decoder {
    /// Adds the events of a frame.
    pub(crate) fn push(&mut self, data: &[u8], events: &mut Vec<Event>) -> Result<(), Failure> {
        if self.is_done || data.trim_ascii() == DONE {
            self.is_done = true;
            return Ok(());
        }
        let text = std::str::from_utf8(data).ok();
        let Some(answer) = text.and_then(Object::parse) else {
            return Err(malformed("The provider's answer is not a JSON object."));
        };
        let choices = answer.get("choices").map_or(Ok(Vec::new()), |list| {
            let list: Result<Vec<&RawValue>, _> = serde_json::from_str(list.get());
            list.map_err(|_| malformed("The provider's answer has no list of choices."))
        })?;
        if choices.is_empty() && answer.get("error").is_some() {
            let member = |name: &str| answer.get(name).map(|value| value.get().to_owned());
            return Err(explain::failure(200, member));
        }
        self.head(&answer, events);
        for (position, choice) in choices.into_iter().enumerate() {
            let choice = Object::of(choice)
                .ok_or_else(|| malformed("A choice of the provider's answer is not an object."))?;
            self.choice(position, choice, events)?;
        }
        if let Some(used) = answer.get(usage::MEMBER).and_then(|text| usage::parse(text.get())) {
            events.push(Event::Usage(used));
        }
        Ok(())
    }

    /// The last events: there are none. An answer is whole once all its choices are.
    pub(crate) fn finish(&self) -> Result<Vec<Event>, Failure> {
        if self.choices.is_empty() {
            return Err(malformed("The provider's answer has no choices."));
        }
        if self.choices.iter().all(Choice::is_finished) {
            return Ok(Vec::new());
        }
        Err(malformed("The provider's stream was cut before its end."))
    }

    /// What is said of the whole answer.
    fn head(&mut self, answer: &Object<'_>, events: &mut Vec<Event>) {
        if let (false, Some(id)) = (self.has_id, answer.get("id"))
            && let Ok(Id(id)) = serde_json::from_str(id.get())
            && !id.is_empty()
        {
            self.has_id = true;
            events.push(Event::Id(id.into_owned()));
        }
        for (name, value) in answer.iter() {
            if UNDERSTOOD.contains(&name) || value.get() == "null" {
                continue;
            }
            let value = value.get().to_owned();
            match self.extensions.iter_mut().find(|(known, _)| known == name) {
                Some((_, last)) if *last == value => continue,
                Some((_, last)) => last.clone_from(&value),
                None => self.extensions.push((name.to_owned(), value.clone())),
            }
            events.push(Event::Extension(Extension { name: name.to_owned(), value }));
        }
    }

    fn choice(
        &mut self,
        position: usize,
        choice: Object<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let index = choice.get("index").and_then(|index| index.get().parse().ok());
        let index = index.unwrap_or_else(|| u32::try_from(position).unwrap_or(u32::MAX));
        let known = self.choices.iter().position(|known| known.index == index);
        let at = match known {
            Some(at) => at,
            None if self.choices.len() >= CHOICES_MAX => {
                return Err(malformed("The provider's answer has too many choices."));
            }
            None => {
                self.choices.push(Choice::new(index));
                self.choices.len() - 1
            }
        };
        // An answer begins with choice 0.
        let is_current = match self.choices.len() {
            1 if known.is_none() => index == 0,
            _ => at == self.current,
        };
        if !is_current {
            events.push(Event::Choice(index));
        }
        self.current = at;
        match self.choices.get_mut(at) {
            Some(state) => state.push(choice, events),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
