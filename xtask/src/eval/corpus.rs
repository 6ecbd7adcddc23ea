//! The corpus, unpacked once into the temporary folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::chore::{command, corpus, run};

/// Where evaluations keep what they made.
pub fn scratch() -> PathBuf {
    std::env::temp_dir().join("cordon-eval")
}

/// The folder into which an archive of the corpus is unpacked, such as `captures/dev/dev.tar.zst`.
pub fn unpacked(archive: &str) -> Result<PathBuf> {
    let corpus =
        corpus().context("no corpus at ../shared/corpus; set CORDON_CORPUS to its folder")?;
    let target = scratch().join(archive.trim_end_matches(".tar.zst"));
    let done = target.join(".complete");
    if !done.exists() {
        fs::create_dir_all(&target)?;
        let source = corpus.join(archive);
        let from = source.to_str().context("the corpus lies at a path that is not UTF-8")?;
        let to = target.to_str().context("the temporary folder is at a path that is not UTF-8")?;
        run(command("tar", &["--zstd", "-xf", from, "-C", to]))?;
        fs::write(done, "")?;
    }
    Ok(target)
}

/// All files below a folder, sorted.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}
