//! Lines in the gateway's log.

use crate::bindings::log;
use crate::state::State;

/// A longer line is cut.
const LINE_BYTES_MAX: usize = 1024;

impl log::Host for State {
    fn write(&mut self, level: log::Level, line: String) -> wasmtime::Result<()> {
        self.count_host_call()?;
        let line = cut(&line);
        let Some(left) = self.log_bytes_left.checked_sub(line.len()) else {
            return Ok(());
        };
        self.log_bytes_left = left;
        let call = self.lent.call.map(|call| call.to_string()).unwrap_or_default();
        ::log::log!(target: "plugin", level_of(level), "{} {call} {line}", self.plugin);
        Ok(())
    }
}

fn cut(line: &str) -> &str {
    let end = (0..=LINE_BYTES_MAX).rev().find(|&end| line.is_char_boundary(end)).unwrap_or(0);
    if line.len() <= LINE_BYTES_MAX { line } else { line.get(..end).unwrap_or_default() }
}

fn level_of(level: log::Level) -> ::log::Level {
    match level {
        log::Level::Debug => ::log::Level::Debug,
        log::Level::Info => ::log::Level::Info,
        log::Level::Warn => ::log::Level::Warn,
        log::Level::Error => ::log::Level::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        let cut = cut(&"é".repeat(600)).len();
        assert_eq!(cut, 1024);
        assert_eq!(super::cut(&format!("a{}", "é".repeat(600))).len(), 1023);
    }
}
