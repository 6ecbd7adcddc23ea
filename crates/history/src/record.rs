//! What the engine must know of a kind of row, and of a question about it.

use std::fmt::Debug;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use parquet::file::properties::WriterPropertiesBuilder;

use crate::query::{Cursor, Window};
use crate::scan::Group;
use crate::{HistoryError, Site};

/// A row that is kept in files.
pub(crate) trait Record: Clone + Debug + Send + Sync + 'static {
    /// Name of the folder.
    const FOLDER: &'static str;
    /// The column by which rows are ordered.
    const TIME: &'static str;
    /// The column that says when the row began; may be the same.
    const BEGIN: &'static str;

    /// The columns.
    fn schema() -> SchemaRef;
    /// How single columns are encoded.
    fn properties(builder: WriterPropertiesBuilder) -> WriterPropertiesBuilder;
    /// Where the row stands.
    fn place(&self) -> Cursor;
    /// When it began, in microseconds.
    fn begin(&self) -> i64;
    /// Rows to columns.
    fn encode(rows: &[Self]) -> Result<RecordBatch, HistoryError>;
    /// Whether the texts of these columns are what the file should hold, as `decode` would find;
    /// lists of distinct values that are in `checked` are not looked at again.
    fn check(batch: &RecordBatch, checked: &mut Vec<Option<ArrayRef>>) -> Result<(), String>;
    /// Columns to rows; the error says what is wrong with the file.
    fn decode(batch: &RecordBatch) -> Result<Vec<Self>, String>;
}

/// A question about rows of one kind.
pub(crate) trait Ask<R: Record>: Sync {
    /// Only this site.
    fn site(&self) -> Option<&Site>;
    /// When, and from where on.
    fn window(&self) -> Window;
    /// Rows wanted.
    fn limit(&self) -> usize;
    /// Whether a row fits, its time left aside.
    fn fits(&self, row: &R) -> bool;
    /// Which rows of a row group fit, their times left aside.
    fn select(&self, group: &mut Group<'_>) -> Result<Select, HistoryError>;
}

/// Rows of one row group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Select {
    /// Every row.
    All,
    /// No row, as the list of distinct values shows.
    None,
    /// These rows.
    Rows(Vec<bool>),
}

impl Select {
    /// Rows in both.
    pub(crate) fn and(self, other: Select) -> Select {
        match (self, other) {
            (Select::All, other) | (other, Select::All) => other,
            (Select::None, _) | (_, Select::None) => Select::None,
            (Select::Rows(mut left), Select::Rows(right)) => {
                left.iter_mut().zip(&right).for_each(|(left, right)| *left &= right);
                Select::Rows(left)
            }
        }
    }

    /// Rows in either.
    pub(crate) fn or(self, other: Select) -> Select {
        match (self, other) {
            (Select::None, other) | (other, Select::None) => other,
            (Select::All, _) | (_, Select::All) => Select::All,
            (Select::Rows(mut left), Select::Rows(right)) => {
                left.iter_mut().zip(&right).for_each(|(left, right)| *left |= right);
                Select::Rows(left)
            }
        }
    }

    /// Whether no row is left.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Select::All => false,
            Select::None => true,
            Select::Rows(rows) => !rows.contains(&true),
        }
    }
}
