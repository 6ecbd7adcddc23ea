//! Writes the reports of made-up looks into a folder, to be looked at:
//! `cargo run -p cordon-report --example fixture -- FOLDER`.

#[path = "../tests/it/fixture/mod.rs"]
mod fixture;

use std::path::Path;

use cordon_report::terminal::{self, Style};
use cordon_report::{Look, html, markdown};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/fixture".to_owned());
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    write(folder, "fixture", &fixture::site())?;
    write(folder, "empty", &fixture::empty())?;
    write(folder, "single", &fixture::single())?;
    write(folder, "thirty", &fixture::many(30))?;
    write(folder, "sixty", &fixture::many(60))?;
    write(folder, "many", &fixture::many(300))?;
    Ok(())
}

fn write(folder: &Path, name: &str, look: &Look) -> Result<(), Box<dyn std::error::Error>> {
    for (ending, width) in [("txt", 100), ("80.txt", 80), ("60.txt", 60), ("160.txt", 160)] {
        let mut text = String::new();
        let style = Style { colour: ending == "txt", width, unicode: true };
        terminal::render(look, style, &mut text)?;
        std::fs::write(folder.join(format!("{name}.{ending}")), text)?;
    }
    std::fs::write(folder.join(format!("{name}.md")), markdown::render(look))?;
    std::fs::write(folder.join(format!("{name}.html")), html::render(look))?;
    Ok(())
}
