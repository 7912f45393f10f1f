//! nginx's tokens to a tree of directives.

use std::sync::Arc;

use crate::broken::Broken;
use crate::lexer::{Lexer, Token, Unexpected};
use crate::note::Place;

/// nginx files nest four deep or so; this keeps recursion from exhausting the stack.
const NESTING_MAX: usize = 32;

/// The longest text of a directive that a note shows.
const SHOWN_CHARS_MAX: usize = 100;

/// A directive, with its block if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Directive {
    pub(crate) name: String,
    pub(crate) args: Vec<String>,
    pub(crate) block: Option<Vec<Directive>>,
    pub(crate) place: Place,
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    file: &'a Arc<str>,
    /// The line of the last token.
    line: u32,
}

/// The directives of a text.
pub(crate) fn parse(text: &str, file: &Arc<str>) -> Result<Vec<Directive>, Broken> {
    let mut parser = Parser { lexer: Lexer::new(text), file, line: 1 };
    let parsed = parser.directives(None, 0);
    parsed.map_err(|Unexpected { line, expected }| Broken::Syntax {
        place: Place { file: Arc::clone(file), line },
        expected,
    })
}

// === impl Directive ===

impl Directive {
    /// An argument, from 0; empty if there is none.
    pub(crate) fn arg(&self, index: usize) -> &str {
        self.args.get(index).map_or("", String::as_str)
    }

    /// The directives of its block; none if it has no block.
    pub(crate) fn inside(&self) -> &[Directive] {
        self.block.as_deref().unwrap_or_default()
    }

    /// Its name, with arguments where they tell it from others and cannot be secret.
    pub(crate) fn shown(&self) -> String {
        let shown_args = match self.name.as_str() {
            "location" | "listen" | "include" | "server" | "server_name" | "upstream" => 8,
            "return" | "rewrite" | "proxy_pass" | "if" | "ssl_protocols" => 8,
            "proxy_set_header" | "add_header" | "proxy_hide_header" | "map" | "set" => 1,
            "set_real_ip_from" | "client_max_body_size" | "allow" | "deny" => 1,
            "real_ip_header" | "ssl_verify_client" => 1,
            _ => 0,
        };
        let words = std::iter::once(&self.name).chain(self.args.iter().take(shown_args));
        let text = words.map(String::as_str).collect::<Vec<_>>().join(" ");
        let legible = |char: char| if char.is_control() { ' ' } else { char };
        text.chars().take(SHOWN_CHARS_MAX).map(legible).collect()
    }
}

// === impl Parser ===

impl Parser<'_> {
    /// The directives up to the end of the block that was opened in a line, or of the text.
    fn directives(
        &mut self,
        opened: Option<u32>,
        depth: usize,
    ) -> Result<Vec<Directive>, Unexpected> {
        let mut directives = Vec::new();
        loop {
            let Some((token, line)) = self.lexer.token()? else {
                return match opened {
                    None => Ok(directives),
                    Some(line) => {
                        Err(self.unexpected(format!("a `}}` that ends the block of line {line}")))
                    }
                };
            };
            self.line = line;
            match (token, opened) {
                (Token::Word(name), _) => directives.push(self.directive(name, depth)?),
                (Token::Close, Some(_)) => return Ok(directives),
                (Token::Close, None) => {
                    return Err(self.unexpected("a directive, as no block is open to be ended"));
                }
                (Token::Semicolon, _) => return Err(self.unexpected("a directive before `;`")),
                (Token::Open, _) => return Err(self.unexpected("a directive before `{`")),
            }
        }
    }

    /// The rest of a directive whose name was read.
    fn directive(&mut self, name: String, depth: usize) -> Result<Directive, Unexpected> {
        let place = Place { file: Arc::clone(self.file), line: self.line };
        let mut args = Vec::new();
        loop {
            let Some((token, line)) = self.lexer.token()? else {
                return Err(self.unexpected(format!("`;` or `{{` after `{}`", cut(&name))));
            };
            match token {
                Token::Word(word) => args.push(word),
                Token::Semicolon => return Ok(Directive { name, args, block: None, place }),
                Token::Close => {
                    return Err(self.unexpected(format!("`;` after `{}`", cut(&name))));
                }
                Token::Open => {
                    self.line = line;
                    let block = Some(self.block(&name, depth)?);
                    return Ok(Directive { name, args, block, place });
                }
            }
            self.line = line;
        }
    }

    fn block(&mut self, name: &str, depth: usize) -> Result<Vec<Directive>, Unexpected> {
        if depth >= NESTING_MAX {
            return Err(self.unexpected(format!("at most {NESTING_MAX} blocks in each other")));
        }
        if name.ends_with("_by_lua_block") {
            self.lexer.pass_foreign_block()?;
            return Ok(Vec::new());
        }
        self.directives(Some(self.line), depth + 1)
    }

    fn unexpected(&self, expected: impl Into<String>) -> Unexpected {
        Unexpected { line: self.line, expected: expected.into() }
    }
}

/// A name, short enough for a message.
fn cut(name: &str) -> String {
    name.chars().take(40).map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests;
