use super::{Lexer, Token};

fn words(text: &str) -> Vec<String> {
    let mut lexer = Lexer::new(text);
    let mut words = Vec::new();
    while let Some((token, line)) = lexer.token().unwrap() {
        words.push(match token {
            Token::Word(word) => format!("{line}:{word}"),
            Token::Semicolon => ";".to_owned(),
            Token::Open => "{".to_owned(),
            Token::Close => "}".to_owned(),
        });
    }
    words
}

fn expected(text: &str) -> (u32, String) {
    let mut lexer = Lexer::new(text);
    loop {
        match lexer.token() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("{text} is complete"),
            Err(unexpected) => return (unexpected.line, unexpected.expected),
        }
    }
}

#[test]
fn words_end_at_blanks_and_marks_and_know_their_line() {
    assert_eq!(
        words("listen 80;\nserver{a\tb;}"),
        ["1:listen", "1:80", ";", "2:server", "{", "2:a", "2:b", ";", "}"]
    );
}

#[test]
fn a_comment_begins_only_where_a_word_would() {
    assert_eq!(words("# all\na#b c; # rest { \" '\nd;"), ["2:a#b", "2:c", ";", "3:d", ";"]);
}

#[test]
fn quotes_keep_blanks_and_marks_together() {
    assert_eq!(words(r#"a "b; {c}" 'd "e"' "#), ["1:a", "1:b; {c}", "1:d \"e\""]);
    assert_eq!(words("a \"b\nc\" d"), ["1:a", "1:b\nc", "2:d"]);
}

#[test]
fn a_backslash_escapes_quotes_and_itself_and_stays_before_all_else() {
    assert_eq!(words(r#""a\"b\\c\.d\n" e\;f \.php$"#), ["1:a\"b\\c\\.d\n", "1:e\\;f", "1:\\.php$"]);
}

#[test]
fn braces_of_a_variable_belong_to_the_word() {
    assert_eq!(words("return ${host}x;"), ["1:return", "1:${host}x", ";"]);
}

#[test]
fn what_follows_a_closing_quote_must_be_apart() {
    let (line, text) = expected("a\n\"b\"c;");
    assert_eq!(line, 2);
    assert!(text.contains("after the closing"), "{text}");
    assert_eq!(words("if ($a = \"b\")")[3], "1:b");
}

#[test]
fn an_open_quote_is_told_with_the_line_it_began_in() {
    let (line, text) = expected("a;\n'b\n\n");
    assert_eq!(line, 4);
    assert!(text.contains("line 2"), "{text}");
}

#[test]
fn foreign_blocks_are_passed_over_whatever_their_strings_hold() {
    let mut lexer = Lexer::new("{ local a = \"}\" -- }\n if x then b = { 1 } end }\nnext;");
    assert_eq!(lexer.token().unwrap(), Some((Token::Open, 1)));
    lexer.pass_foreign_block().unwrap();
    assert_eq!(lexer.token().unwrap(), Some((Token::Word("next".to_owned()), 3)));
    assert!(Lexer::new("{ {").pass_foreign_block().is_err());
}
