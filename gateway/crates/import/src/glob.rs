//! Shell patterns, as `include` understands them.

use std::path::{Component, Path, PathBuf};

use crate::source::Source;

/// More files than this no pattern of a server's configuration matches.
const MATCHES_MAX: usize = 1000;

/// Whether a path is a pattern.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The paths that match a pattern, sorted. Folders that cannot be read hold none.
pub(crate) fn expand(source: &dyn Source, pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let name = match component {
            Component::Normal(name) => name.to_string_lossy(),
            other => {
                found.iter_mut().for_each(|path| path.push(other));
                continue;
            }
        };
        if is_pattern(&name) {
            found = found.iter().flat_map(|folder| matching(source, folder, &name)).collect();
            found.truncate(MATCHES_MAX);
        } else {
            found.iter_mut().for_each(|path| path.push(name.as_ref()));
        }
    }
    found.sort();
    found
}

fn matching(source: &dyn Source, folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = source.list(here).unwrap_or_default();
    let fits = |name: &PathBuf| name.to_str().is_some_and(|name| matches(pattern, name));
    names.into_iter().filter(fits).map(|name| folder.join(name)).collect()
}

/// Whether a name fits a pattern of `*`, `?` and `[a-z]`. A dot at the beginning fits only itself.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut pattern, mut name) = (pattern.as_slice(), name.as_slice());
    // Where to go on if the last `*` takes one character more.
    let mut retry: Option<(&[char], &[char])> = None;
    loop {
        let next = match pattern.split_first() {
            Some(('*', rest)) => {
                retry = Some((rest, name));
                pattern = rest;
                continue;
            }
            None if name.is_empty() => return true,
            None => None,
            Some(_) => name.split_first().and_then(|(char, after)| {
                one(pattern, *char).map(|rest_of_pattern| (rest_of_pattern, after))
            }),
        };
        if let Some((rest_of_pattern, after)) = next {
            (pattern, name) = (rest_of_pattern, after);
            continue;
        }
        let Some((after_star, from)) = retry else { return false };
        let Some((_, longer)) = from.split_first() else { return false };
        retry = Some((after_star, longer));
        (pattern, name) = (after_star, longer);
    }
}

/// The rest of a pattern if its first element fits a character.
fn one(pattern: &[char], char: char) -> Option<&[char]> {
    let (first, rest) = pattern.split_first()?;
    match first {
        '?' => Some(rest),
        '[' => {
            let end = rest.iter().skip(1).position(|c| *c == ']')? + 1;
            let (set, after) = rest.split_at_checked(end)?;
            let (set, negated) = match set.split_first() {
                Some(('!' | '^', set)) => (set, true),
                _ => (set, false),
            };
            let ranged = set
                .windows(3)
                .any(|window| matches!(window, [from, '-', to] if (*from..=*to).contains(&char)));
            let fits = ranged || set.contains(&char);
            (fits != negated).then(|| after.get(1..).unwrap_or_default())
        }
        literal => (*literal == char).then_some(rest),
    }
}

#[cfg(test)]
mod tests;
