//! The contract in `wit/`: every item is documented.

use tollgate_tidy::{assert_none, files};

/// Lines that are no item of their own.
const NO_ITEM: [&str; 7] = ["package ", "import ", "export ", "include ", "//", "}", ")"];

#[test]
fn every_item_is_documented() {
    let contract = files("wit");
    assert!(contract.len() > 5, "the contract is somewhere else");
    let told = contract.iter().flat_map(|file| {
        let silent = undocumented(&file.text).into_iter();
        silent.map(|(number, line)| format!("{}:{number}: {line}", file.path))
    });
    assert_none(&told.collect::<Vec<_>>());
}

#[test]
fn an_item_without_documentation_is_found() {
    let text = "interface a {\n    /// A field.\n    x: u8,\n    y: u8,\n    use types.{\n        \
                z,\n    };\n    /// Asks.\n    ask: func(\n        a: u8,\n    ) -> u8;\n}\n";
    let found: Vec<_> = undocumented(text).into_iter().map(|(number, _)| number).collect();
    assert_eq!(found, [1, 4]);
}

/// The items without a `///` line directly above, with their line numbers.
fn undocumented(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut above = "";
    // Inside of parentheses stand parameters, inside of a `use` names from elsewhere.
    let (mut depth, mut using) = (0, false);
    for (index, line) in text.lines().map(str::trim).enumerate() {
        let comment = line.starts_with("//");
        let starts_use = line.starts_with("use ");
        let passed_over = line.is_empty() || NO_ITEM.iter().any(|start| line.starts_with(start));
        let is_item = depth == 0 && !using && !starts_use && !passed_over;
        if is_item && !above.starts_with("///") {
            found.push((index + 1, line));
        }
        if !comment {
            depth += line.matches('(').count();
            depth -= line.matches(')').count().min(depth);
            using = (using || starts_use) && !line.ends_with(';');
        }
        above = line;
    }
    found
}
