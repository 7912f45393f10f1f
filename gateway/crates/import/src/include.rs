//! The main file and what it includes, as one tree.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::broken::Broken;
use crate::glob;
use crate::note::Notes;
use crate::parser::{Directive, parse};
use crate::source::{FILE_BYTES_MAX, Source};

/// Files in files. nginx's own layout needs three.
const DEPTH_MAX: usize = 10;

/// Files in all: a bound of the work that files including others many times make.
const FILES_MAX: usize = 1000;

/// Bytes in all, for the same reason.
const BYTES_MAX: usize = 4 * FILE_BYTES_MAX;

/// Files of nginx's and certbot's packages whose settings Tollgate needs none of.
const NEEDLESS: [&str; 4] =
    ["mime.types", "proxy_params", "options-ssl-nginx.conf", "fastcgi_params"];

struct Loader<'a> {
    source: &'a dyn Source,
    notes: &'a mut Notes,
    /// The file being read and those that include it, the main one first.
    open: Vec<PathBuf>,
    files: usize,
    bytes: usize,
}

/// Reads the main file and, in place of each `include`, what it names.
pub(crate) fn load(
    source: &dyn Source,
    main: &Path,
    notes: &mut Notes,
) -> Result<Vec<Directive>, Broken> {
    let mut loader = Loader { source, notes, open: Vec::new(), files: 0, bytes: 0 };
    let file = main.display().to_string();
    let bytes = source.read(main).map_err(|source| Broken::Unreadable { file, source })?;
    loader.file(main.to_path_buf(), &bytes)
}

// === impl Loader ===

impl Loader<'_> {
    fn file(&mut self, path: PathBuf, bytes: &[u8]) -> Result<Vec<Directive>, Broken> {
        let name: Arc<str> = path.display().to_string().into();
        if bytes.len() > FILE_BYTES_MAX {
            return Err(Broken::TooLarge { file: name.to_string(), limit: FILE_BYTES_MAX });
        }
        self.files += 1;
        self.bytes += bytes.len();
        let tree = parse(&String::from_utf8_lossy(bytes), &name)?;
        self.open.push(path);
        let whole = self.resolve(tree);
        self.open.pop();
        whole
    }

    fn resolve(&mut self, tree: Vec<Directive>) -> Result<Vec<Directive>, Broken> {
        let mut whole = Vec::with_capacity(tree.len());
        for mut directive in tree {
            if directive.name == "include" && directive.block.is_none() {
                whole.extend(self.include(&directive)?);
                continue;
            }
            if let Some(block) = directive.block.take() {
                directive.block = Some(self.resolve(block)?);
            }
            whole.push(directive);
        }
        Ok(whole)
    }

    fn include(&mut self, directive: &Directive) -> Result<Vec<Directive>, Broken> {
        let pattern = directive.arg(0);
        let found = self.find(pattern);
        let is_needless = NEEDLESS.iter().any(|name| Path::new(pattern).ends_with(name));
        if found.is_empty() && !is_needless {
            let what = if glob::is_pattern(pattern) { "it fits no file" } else { "no such file" };
            self.notes.untaken(directive, format!("{what}; what it would hold is missing here"));
        }
        let mut whole = Vec::new();
        for path in found {
            match self.read(&path) {
                Ok(bytes) => whole.extend(self.file(path, &bytes)?),
                Err(reason) => self.notes.untaken(directive, reason),
            }
        }
        Ok(whole)
    }

    /// The bytes of an included file, or why it is left out.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        if self.open.iter().any(|open| open == path) {
            Err(format!("`{}` includes itself", path.display()))
        } else if self.open.len() >= DEPTH_MAX {
            Err(format!("files include each other more than {DEPTH_MAX} deep"))
        } else if self.files >= FILES_MAX || self.bytes >= BYTES_MAX {
            Err(format!("more than {FILES_MAX} files or {BYTES_MAX} bytes in all"))
        } else {
            let read = self.source.read(path);
            read.map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
        }
    }

    /// The files that a name or a pattern stands for: seen from the including file's folder, from
    /// the main file's, and from the one above, where `sites-available` and `snippets` are.
    fn find(&self, pattern: &str) -> Vec<PathBuf> {
        let main = self.open.first().and_then(|path| path.parent());
        let here = self.open.last().and_then(|path| path.parent());
        // The parent of a bare name is empty, which has none.
        let above = main.map(|main| main.parent().unwrap_or(Path::new("..")));
        for base in [here, main, above].into_iter().flatten() {
            // An absolute pattern replaces the base.
            let path = base.join(pattern);
            let found = if glob::is_pattern(pattern) {
                glob::expand(self.source, &path)
            } else {
                Vec::from_iter(self.source.read(&path).is_ok().then_some(path))
            };
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }
}
