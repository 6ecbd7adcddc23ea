//! Rows to columns and back: the few column types that both tables use.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, RecordBatch, StringArray,
};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Field, Int32Type, TimeUnit};

use crate::HistoryError;

/// Text with few distinct values per row group.
pub(crate) fn text(name: &str, nullable: bool) -> Field {
    let values = Box::new(DataType::Utf8);
    Field::new(name, DataType::Dictionary(Box::new(DataType::Int32), values), nullable)
}

/// Microseconds in UTC: the one unit that DuckDB, Spark, Trino and pandas all read as a time.
pub(crate) fn time(name: &str) -> Field {
    Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false)
}

/// A dictionary column; every distinct value is written out as text once.
pub(crate) fn text_column<'a, R, K: Hash + Eq>(
    rows: &'a [R],
    key: impl Fn(&'a R) -> Option<K>,
    write: impl Fn(&K) -> String,
) -> Result<ArrayRef, HistoryError> {
    let mut known: HashMap<K, i32> = HashMap::new();
    let mut values: Vec<String> = Vec::new();
    let mut keys: Vec<Option<i32>> = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(key) = key(row) else {
            keys.push(None);
            continue;
        };
        let next = i32::try_from(values.len()).map_err(encode)?;
        let number = *known.entry(key).or_insert_with_key(|key| {
            values.push(write(key));
            next
        });
        keys.push(Some(number));
    }
    let values = Arc::new(StringArray::from(values));
    let column = DictionaryArray::<Int32Type>::try_new(Int32Array::from(keys), values);
    Ok(Arc::new(column.map_err(encode)?))
}

pub(crate) fn encode(error: impl ToString) -> HistoryError {
    HistoryError::Encode(error.to_string())
}

/// Reads the columns of a batch by name.
pub(crate) struct Reader<'a>(pub &'a RecordBatch);

impl<'a> Reader<'a> {
    fn column(&self, name: &str) -> Result<&'a ArrayRef, String> {
        self.0.column_by_name(name).ok_or_else(|| format!("no column {name}"))
    }

    pub(crate) fn numbers<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> Result<&'a arrow::array::PrimitiveArray<T>, String> {
        self.column(name)?
            .as_primitive_opt::<T>()
            .ok_or_else(|| format!("column {name} has another type"))
    }

    pub(crate) fn flags(&self, name: &str) -> Result<&'a arrow::array::BooleanArray, String> {
        self.column(name)?.as_boolean_opt().ok_or_else(|| format!("column {name} has another type"))
    }

    pub(crate) fn text(&self, name: &str) -> Result<Text<'a>, String> {
        let array = self
            .column(name)?
            .as_dictionary_opt::<Int32Type>()
            .ok_or_else(|| format!("column {name} has another type"))?;
        let values = array
            .values()
            .as_string_opt::<i32>()
            .ok_or_else(|| format!("column {name} holds no text"))?;
        Ok(Text { keys: array.keys(), values })
    }
}

/// A column, and what its values are asked.
pub(crate) type Asked = (&'static str, fn(&str) -> bool);

/// Reads every distinct value of these text columns once; those in `checked` were read before.
pub(crate) fn check_texts(
    batch: &RecordBatch,
    columns: &[Asked],
    checked: &mut Vec<Option<ArrayRef>>,
) -> Result<(), String> {
    checked.resize(columns.len(), None);
    for ((name, read), known) in columns.iter().zip(checked) {
        let list = Reader(batch).column(name)?.as_any_dictionary_opt();
        let list = list.ok_or_else(|| format!("column {name} has another type"))?.values();
        if known.as_ref().is_some_and(|known| Arc::ptr_eq(known, list)) {
            continue;
        }
        let text = Reader(batch).text(name)?;
        let strange: Vec<usize> =
            (0..text.values.len()).filter(|place| !read(text.values.value(*place))).collect();
        // A list may hold what no row uses, as where no row has a value at all.
        let used = text.keys.iter().flatten().filter_map(|key| usize::try_from(key).ok());
        if let Some(place) = used.into_iter().find(|key| strange.contains(key)) {
            return Err(format!("strange value {:?}", text.values.value(place)));
        }
        *known = strange.is_empty().then(|| Arc::clone(list));
    }
    Ok(())
}

/// A dictionary column of text.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub keys: &'a Int32Array,
    pub values: &'a StringArray,
}

impl<'a> Text<'a> {
    pub(crate) fn at(&self, row: usize) -> Option<&'a str> {
        if row >= self.keys.len() || self.keys.is_null(row) {
            return None;
        }
        let key = usize::try_from(*self.keys.values().get(row)?).ok()?;
        (key < self.values.len()).then(|| self.values.value(key))
    }

    /// Every distinct value, read once.
    pub(crate) fn parsed<T>(
        &self,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Parsed<'a, T>, String> {
        // Only values that a row uses are read: after a selection the dictionary is still whole.
        let mut values: Vec<Option<T>> = Vec::new();
        values.resize_with(self.values.len(), || None);
        for key in self.keys.iter().flatten() {
            let key = usize::try_from(key).map_err(|_| "negative dictionary key")?;
            let slot = values.get_mut(key).ok_or("dictionary key beyond the dictionary")?;
            if slot.is_none() {
                let text = self.values.value(key);
                *slot = Some(read(text).ok_or_else(|| format!("strange value {text:?}"))?);
            }
        }
        Ok(Parsed { keys: self.keys, values })
    }
}

/// A dictionary column whose values are read.
pub(crate) struct Parsed<'a, T> {
    keys: &'a Int32Array,
    values: Vec<Option<T>>,
}

impl<T: Clone> Parsed<'_, T> {
    pub(crate) fn at(&self, row: usize) -> Option<T> {
        if row >= self.keys.len() || self.keys.is_null(row) {
            return None;
        }
        let key = usize::try_from(*self.keys.values().get(row)?).ok()?;
        self.values.get(key)?.clone()
    }
}

/// The value of a number column that may be empty.
pub(crate) fn maybe<T: ArrowPrimitiveType>(
    array: &arrow::array::PrimitiveArray<T>,
    row: usize,
) -> Option<T::Native> {
    (row < array.len() && array.is_valid(row)).then(|| array.value(row))
}

/// The value of a number column.
pub(crate) fn sure<T: ArrowPrimitiveType>(
    array: &arrow::array::PrimitiveArray<T>,
    row: usize,
) -> T::Native
where
    T::Native: Default,
{
    maybe(array, row).unwrap_or_default()
}
