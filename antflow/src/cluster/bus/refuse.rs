//! What is refused whoever it is asked of.

use super::BusError;

/// The longest prefix.
const LONGEST_PREFIX: usize = 64;

/// Something that is wrong for good, with what to do.
pub(super) fn refused(reason: impl Into<String>) -> BusError {
    BusError::Refused {
        reason: reason.into(),
    }
}

/// Is it 1 to 64 letters, digits, `-` and `_`?
pub(super) fn check_prefix(prefix: &str) -> Result<(), BusError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if prefix.is_empty() || prefix.len() > LONGEST_PREFIX || !prefix.bytes().all(is_plain) {
        return Err(refused(format!(
            "`prefix` in the URL of the bus has to have 1 to {LONGEST_PREFIX} letters, digits, `-` and `_`"
        )));
    }
    Ok(())
}
