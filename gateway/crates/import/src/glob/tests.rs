use super::matches;

#[test]
fn stars_marks_and_sets_fit_what_they_should() {
    for (pattern, name) in [
        ("*.conf", "a.conf"),
        ("*", "a"),
        ("a*b*c", "a-b-b-c"),
        ("?.conf", "x.conf"),
        ("[0-9][!a]*", "1b"),
        ("[]]x", "]x"),
        (".*", ".hidden"),
    ] {
        assert!(matches(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in [
        ("*.conf", "a.conf~"),
        ("*", ".hidden"),
        ("a*b", "a-b-c"),
        ("?", ""),
        ("[0-9]", "a"),
        ("[a", "a"),
        ("", "a"),
    ] {
        assert!(!matches(pattern, name), "{pattern} {name}");
    }
}

#[test]
fn many_stars_take_no_exponential_time() {
    assert!(!matches(&"*a".repeat(60), &"a".repeat(59)));
    assert!(!matches(&format!("{}b", "*a".repeat(60)), &"a".repeat(5000)));
}
