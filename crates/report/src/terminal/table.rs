//! A table that fits: columns shrink to the width, the least important go first, cells are cut
//! and never wrap.

use std::fmt;

use super::page::{Page, Span, Tone, span};
use crate::plain::{clip, columns};

/// Columns between two columns.
const GAP: usize = 2;

/// One column.
pub struct Column {
    /// What stands above it.
    pub title: &'static str,
    /// Below this it says nothing any more.
    pub least: usize,
    /// Wider it never gets.
    pub most: usize,
    /// Dropped first where the width does not suffice: the highest number. 0 is never dropped.
    pub spare: u8,
}

/// One cell: spans in a row.
pub type Cell<'a> = Vec<Span<'a>>;

/// Writes the head of the table and its rows.
///
/// # Errors
/// Only those of the terminal.
pub fn write<W: fmt::Write>(
    page: &mut Page<W>,
    columns: &[Column],
    rows: &[Vec<Cell>],
) -> fmt::Result {
    let natural: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            let widest = cells.map(|cell| cell_columns(page, cell)).max().unwrap_or(0);
            widest.max(column.title.len()).min(column.most)
        })
        .collect();
    let widths = fit(columns, natural, page.width());
    let head: Vec<Cell> =
        columns.iter().map(|column| vec![span(Tone::Faint, column.title)]).collect();
    write_row(page, &widths, &head)?;
    rows.iter().try_for_each(|row| write_row(page, &widths, row))
}

/// The width of each column; 0 for those that are left out.
fn fit(columns: &[Column], mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    loop {
        let shown = widths.iter().filter(|width| **width > 0).count();
        let total = widths.iter().sum::<usize>() + GAP * shown.saturating_sub(1);
        if total <= room {
            return widths;
        }
        let slack = |(at, width): (usize, &usize)| {
            let least = columns.get(at).map_or(0, |column| column.least);
            (width.saturating_sub(least), *width, at)
        };
        let loosest = widths.iter().enumerate().map(slack).filter(|(slack, _, _)| *slack > 0);
        let at = match loosest.max_by_key(|(_, width, _)| *width) {
            Some((_, _, at)) => {
                if let Some(width) = widths.get_mut(at) {
                    *width -= 1;
                }
                continue;
            }
            None => columns
                .iter()
                .enumerate()
                .filter(|(at, column)| {
                    column.spare > 0 && widths.get(*at).is_some_and(|width| *width > 0)
                })
                .max_by_key(|(_, column)| column.spare)
                .map(|(at, _)| at),
        };
        match at.and_then(|at| widths.get_mut(at)) {
            Some(width) => *width = 0,
            None => return widths,
        }
    }
}

fn write_row<W: fmt::Write>(page: &mut Page<W>, widths: &[usize], row: &[Cell]) -> fmt::Result {
    let mut line: Vec<Span> = Vec::new();
    let mut missing = 0;
    for (cell, width) in row.iter().zip(widths).filter(|(_, width)| **width > 0) {
        if missing > 0 {
            line.push(span(Tone::Normal, " ".repeat(missing)));
        }
        let mut room = *width;
        for (tone, text) in cell {
            let text = clip(&page.shown(text), room, page.mark()).into_owned();
            room = room.saturating_sub(columns(&text));
            line.push(span(*tone, text));
        }
        missing = room + GAP;
    }
    page.line(&line)
}

fn cell_columns<W: fmt::Write>(page: &Page<W>, cell: &Cell) -> usize {
    cell.iter().map(|(_, text)| columns(&page.shown(text))).sum()
}
