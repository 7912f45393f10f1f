use std::sync::Arc;

use super::{Directive, NESTING_MAX, parse};

fn tree(text: &str) -> Vec<Directive> {
    parse(text, &Arc::from("t")).unwrap()
}

fn refusal(text: &str) -> String {
    parse(text, &Arc::from("t")).unwrap_err().to_string()
}

#[test]
fn blocks_and_arguments_keep_their_lines() {
    let tree = tree("a 1\n 2 {\n b;\n c { }\n}\nd;");
    assert_eq!((tree[0].name.as_str(), tree[0].args.len(), tree[0].place.line), ("a", 2, 1));
    let inside: Vec<_> = tree[0].inside().iter().map(|d| (d.name.as_str(), d.place.line)).collect();
    assert_eq!(inside, [("b", 3), ("c", 4)]);
    assert_eq!(tree[1].place.line, 6);
    assert!(tree[1].block.is_none());
}

#[test]
fn what_is_missing_is_told_where_it_is_missed() {
    assert_eq!(refusal("a b\n"), "t:1: expected `;` or `{` after `a`");
    assert_eq!(refusal("a {\n b }"), "t:2: expected `;` after `b`");
    assert_eq!(refusal("a {\n b;\n"), "t:2: expected a `}` that ends the block of line 1");
    assert_eq!(refusal("a;\n}"), "t:2: expected a directive, as no block is open to be ended");
    assert_eq!(refusal("a;;"), "t:1: expected a directive before `;`");
    assert_eq!(refusal("{"), "t:1: expected a directive before `{`");
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("{}{}", "a {".repeat(depth), "}".repeat(depth));
    assert_eq!(tree(&nested(NESTING_MAX)).len(), 1);
    assert!(refusal(&nested(NESTING_MAX + 1)).contains("at most 32 blocks"));
}

#[test]
fn lua_is_passed_over() {
    let tree = tree("content_by_lua_block { if x then y = '}' end; }\nlisten 80;");
    assert_eq!((tree.len(), tree[0].inside().len(), tree[1].place.line), (2, 0, 2));
}

#[test]
fn a_value_that_may_be_secret_is_not_shown() {
    let tree = tree("proxy_set_header Authorization 'Bearer secret'; secure_link_secret s3cret;");
    assert_eq!(tree[0].shown(), "proxy_set_header Authorization");
    assert_eq!(tree[1].shown(), "secure_link_secret");
}
