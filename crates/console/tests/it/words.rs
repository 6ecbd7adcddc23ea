//! What people read on the main pages, as it was read and approved.

use cordon_model::record::Role;

use crate::browser::Browser;

/// The text of a page's main part, one line per block.
async fn read(path: &str) -> String {
    let body = Browser::signed_in(Role::Admin).get(path).await.body;
    let main = body.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    let mut out = String::new();
    for piece in main.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        let inline = ["a", "b", "bdi", "i", "span", "time", "code", "kbd"].contains(&name);
        if !inline && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(
            &text
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&amp;", "&"),
        );
    }
    out.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(120)
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn today_reads_well() {
    insta::assert_snapshot!(read("/").await);
}

#[tokio::test]
async fn a_device_reads_well() {
    let text = read("/devices/mac-001788200000").await;
    // who changed it when is told by the clock of the machine
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("Last change:")).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[tokio::test]
async fn the_fix_list_reads_well() {
    insta::assert_snapshot!(read("/fix").await);
}

#[tokio::test]
async fn a_finding_reads_well() {
    let id = Browser::signed_in(Role::Admin).site.findings[0].id.replace('@', "%40");
    insta::assert_snapshot!(read(&format!("/findings/{id}")).await);
}

#[tokio::test]
async fn the_settings_read_well() {
    insta::assert_snapshot!(read("/settings").await);
}
