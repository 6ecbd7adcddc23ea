//! The page that people show to others.

use crate::fixture;

use std::collections::HashSet;

use cordon_report::html;
use cordon_report::look::Look;

/// Elements that have no end tag.
const VOID: [&str; 3] = ["meta", "input", "br"];

fn looks() -> [Look; 4] {
    [fixture::site(), fixture::empty(), fixture::single(), fixture::many(300)]
}

/// Names of opening and closing tags in order; fails where a tag is cut.
fn tags(page: &str) -> Vec<(bool, String)> {
    page.split('<')
        .skip(1)
        .filter(|tag| !tag.starts_with('!'))
        .map(|tag| {
            let inside = tag.split_once('>').map_or("a tag without an end", |(inside, _)| inside);
            let (closes, inside) = match inside.strip_prefix('/') {
                Some(name) => (true, name),
                None => (false, inside),
            };
            (closes, inside.split_whitespace().next().unwrap_or_default().to_owned())
        })
        .collect()
}

fn body(page: &str) -> &str {
    let (_, body) = page.split_once("</head>").unwrap_or_default();
    body.split_once("<script>").map_or("<no-body>", |(body, _)| body)
}

fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    page.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_element_is_closed_in_order() {
    for look in looks() {
        let page = html::render(&look);
        let mut open = Vec::new();
        for (closes, name) in tags(body(&page)) {
            if closes {
                assert_eq!(open.pop().as_deref(), Some(name.as_str()));
            } else if !VOID.contains(&name.as_str()) {
                open.push(name);
            }
        }
        assert_eq!(open.len(), 1, "only body is open where the script begins: {open:?}");
    }
}

#[test]
fn every_link_leads_to_a_place_on_the_page() {
    for look in looks() {
        let page = html::render(&look);
        let ids = values(&page, "id");
        let unique: HashSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "ids are unique");
        for href in values(&page, "href") {
            let id = href.strip_prefix('#').expect("links stay on the page");
            assert!(unique.contains(id), "{href} leads nowhere");
        }
    }
}

#[test]
fn nothing_is_fetched_and_only_the_pages_own_script_may_run() {
    let page = html::render(&fixture::site());
    for word in [" src=", "url(", "@import", "http-equiv=\"refresh\"", " style=", " onclick="] {
        assert!(!page.contains(word), "{word}");
    }
    let [policy] = values(&page, "content")
        .into_iter()
        .filter(|content| content.contains("default-src"))
        .collect::<Vec<_>>()[..]
    else {
        panic!("one policy");
    };
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-"));
    assert!(!policy.contains("unsafe"));
}

#[test]
fn a_hostile_name_is_text_in_every_place() {
    let page = html::render(&fixture::site());
    assert_eq!(page.matches("<script").count(), 1, "only our own");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.chars().all(|c| c == '\n' || !c.is_control()));
    assert!(!page.contains('\u{202e}'));
}

#[test]
fn headings_go_down_one_level_at_a_time() {
    let page = html::render(&fixture::site());
    let mut level = 0;
    for (closes, name) in tags(body(&page)) {
        let digit = name.strip_prefix('h').and_then(|rest| rest.parse::<u8>().ok());
        if let (false, Some(next)) = (closes, digit) {
            assert!(next <= level + 1, "h{next} below h{level}");
            level = next;
        }
    }
    assert_eq!(page.matches("<h1").count(), 1);
}

#[test]
fn every_table_has_a_caption_and_every_scrolling_part_can_take_the_focus() {
    let page = html::render(&fixture::site());
    assert_eq!(page.matches("<table>").count(), page.matches("<table><caption>").count());
    let wide = page.matches("class=\"wide\"").count() + page.matches("class=\"map\"").count();
    assert_eq!(wide, page.matches("role=\"region\"").count());
    assert_eq!(wide, page.matches("tabindex=\"0\"").count());
}

#[test]
fn every_device_and_every_piece_of_evidence_is_on_the_page() {
    let look = fixture::site();
    let page = html::render(&look);
    assert_eq!(page.matches("<details class=\"device\"").count(), look.devices.len());
    for finding in &look.findings {
        for evidence in &finding.evidence {
            let cited = format!("{} packet {}<", evidence.file, evidence.packet);
            assert!(page.contains(&cited), "packet {} of {}", evidence.packet, finding.title);
        }
    }
    for note in &look.coverage.notes {
        assert!(page.contains(note.as_str()), "{note}");
    }
}

#[test]
fn the_map_stays_small_however_many_devices_there_are() {
    for (many, most) in [(5, 10), (30, 40), (60, 70), (300, 70), (3000, 70)] {
        let page = html::render(&fixture::many(many));
        let (_, map) = page.split_once("<svg xmlns").unwrap();
        let (map, _) = map.split_once("</svg>").unwrap();
        let nodes = map.matches("<a href").count();
        assert!(nodes > 0 && nodes <= most, "{nodes} nodes for {many} devices");
        assert!(map.matches("<path").count() <= 250, "links of {many} devices");
    }
}

#[test]
fn the_page_of_a_look_is_always_the_same() {
    assert_eq!(html::render(&fixture::site()), html::render(&fixture::site()));
}

#[test]
fn the_page_stays_small_enough_to_mail() {
    assert!(html::render(&fixture::site()).len() < 100_000);
    assert!(html::render(&fixture::many(300)).len() < 1_000_000);
}
