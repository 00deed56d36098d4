//! Values of rows.

use tokio_postgres::Row;

use super::fault::Done;
use crate::cluster::Timestamp;
use crate::cluster::store::stored::corrupt;

/// A number that is never negative.
pub(super) fn number(row: &Row, column: usize) -> Done<u64> {
    let stored: i64 = row.try_get(column)?;
    let number = u64::try_from(stored);
    Ok(number.map_err(|_| corrupt("a number", &format!("{stored} is negative")))?)
}

/// A number that is never negative and not large.
pub(super) fn small(row: &Row, column: usize) -> Done<u32> {
    Ok(u32::try_from(number(row, column)?).unwrap_or(u32::MAX))
}

/// A moment.
pub(super) fn moment(row: &Row, column: usize) -> Done<Timestamp> {
    Ok(Timestamp::from_millis(row.try_get(column)?))
}

/// A moment that may be missing.
pub(super) fn maybe_moment(row: &Row, column: usize) -> Done<Option<Timestamp>> {
    let stored: Option<i64> = row.try_get(column)?;
    Ok(stored.map(Timestamp::from_millis))
}

/// A name.
pub(super) fn name<T: for<'t> From<&'t str>>(row: &Row, column: usize) -> Done<T> {
    let text: &str = row.try_get(column)?;
    Ok(T::from(text))
}

/// A text that may be missing.
pub(super) fn maybe_text(row: &Row, column: usize) -> Done<Option<&str>> {
    Ok(row.try_get(column)?)
}
