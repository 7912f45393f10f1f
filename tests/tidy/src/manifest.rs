//! What crates depend on, as far as their manifests name it.

use crate::tree::files;

/// A crate's `Cargo.toml`.
pub struct Manifest {
    /// The crate's folder, from the root.
    pub folder: String,
    /// What it depends on, in whatever way.
    pub dependencies: Vec<String>,
}

/// The manifests of all crates; not those of the workspaces, which name versions for them.
pub fn manifests() -> Vec<Manifest> {
    let named = files("").into_iter().filter_map(|file| {
        let folder = file.path.strip_suffix("/Cargo.toml")?.to_owned();
        file.text
            .contains("[package]")
            .then(|| Manifest { folder, dependencies: dependencies(&file.text) })
    });
    named.collect()
}

fn dependencies(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = section.trim_end_matches(']').ends_with("dependencies");
        } else if inside && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            if !name.is_empty() {
                found.push(name.trim_matches('"').to_owned());
            }
        }
    }
    found
}
