//! nginx's tokens: words, quoted or not, and the three marks.

use std::iter::Peekable;
use std::str::Chars;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A word, escapes resolved.
    Word(String),
    /// `;`
    Semicolon,
    /// `{`
    Open,
    /// `}`
    Close,
}

/// What should have stood in a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unexpected {
    pub(crate) line: u32,
    pub(crate) expected: String,
}

/// Reads a text token by token.
pub(crate) struct Lexer<'a> {
    chars: Peekable<Chars<'a>>,
    /// The line of what is read next.
    line: u32,
}

// === impl Lexer ===

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Lexer<'a> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Lexer { chars: text.chars().peekable(), line: 1 }
    }

    /// The next token with the line it begins in. None: the text has ended.
    pub(crate) fn token(&mut self) -> Result<Option<(Token, u32)>, Unexpected> {
        self.pass_blanks();
        let line = self.line;
        let Some(first) = self.chars.peek().copied() else { return Ok(None) };
        let token = match first {
            ';' => self.mark(Token::Semicolon),
            '{' => self.mark(Token::Open),
            '}' => self.mark(Token::Close),
            '"' | '\'' => Token::Word(self.quoted(first)?),
            _ => Token::Word(self.bare()),
        };
        Ok(Some((token, line)))
    }

    /// Passes over the rest of a block in another language, whose `{` was the last token.
    pub(crate) fn pass_foreign_block(&mut self) -> Result<(), Unexpected> {
        let (opened, mut depth) = (self.line, 1_usize);
        while let Some(char) = self.bump() {
            match char {
                '{' => depth += 1,
                '}' => depth -= 1,
                '"' | '\'' => self.pass_foreign_string(char),
                '-' if self.chars.peek() == Some(&'-') => self.pass_line(),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        let expected = format!("a `}}` that ends the block of line {opened}");
        Err(Unexpected { line: self.line, expected })
    }

    fn bump(&mut self) -> Option<char> {
        let char = self.chars.next()?;
        if char == '\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(char)
    }

    fn mark(&mut self, token: Token) -> Token {
        self.bump();
        token
    }

    fn pass_blanks(&mut self) {
        while let Some(char) = self.chars.peek() {
            match char {
                '#' => self.pass_line(),
                char if char.is_ascii_whitespace() => {
                    self.bump();
                }
                _ => return,
            }
        }
    }

    fn pass_line(&mut self) {
        while self.chars.peek().is_some_and(|char| *char != '\n') {
            self.bump();
        }
    }

    fn pass_foreign_string(&mut self, quote: char) {
        while let Some(char) = self.bump() {
            match char {
                '\\' => {
                    self.bump();
                }
                // A string does not pass the end of its line; an apostrophe elsewhere does no harm.
                char if char == quote || char == '\n' => return,
                _ => {}
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, Unexpected> {
        let opened = self.line;
        self.bump();
        let mut word = String::new();
        loop {
            match self.bump() {
                Some('\\') => self.escape(&mut word),
                Some(char) if char == quote => break,
                Some(char) => word.push(char),
                None => {
                    let expected = format!("a {quote} that ends the text begun in line {opened}");
                    return Err(Unexpected { line: self.line, expected });
                }
            }
        }
        match self.chars.peek() {
            Some(char) if !char.is_ascii_whitespace() && !matches!(char, ';' | '{' | ')') => {
                let expected = format!("a blank, `;` or `{{` after the closing {quote}");
                Err(Unexpected { line: self.line, expected })
            }
            _ => Ok(word),
        }
    }

    fn bare(&mut self) -> String {
        let (mut word, mut after_dollar) = (String::new(), false);
        while let Some(char) = self.chars.peek().copied() {
            let ends = char.is_ascii_whitespace() || char == ';' || (char == '{' && !after_dollar);
            if ends {
                break;
            }
            self.bump();
            after_dollar = char == '$';
            match char {
                '\\' => self.escape(&mut word),
                char => word.push(char),
            }
        }
        word
    }

    /// What stands after a backslash. As in nginx, one that escapes nothing stays.
    fn escape(&mut self, word: &mut String) {
        match self.bump() {
            Some(char @ ('"' | '\'' | '\\')) => word.push(char),
            Some('t') => word.push('\t'),
            Some('r') => word.push('\r'),
            Some('n') => word.push('\n'),
            Some(char) => word.extend(['\\', char]),
            None => word.push('\\'),
        }
    }
}

#[cfg(test)]
mod tests;
