/// The name that was probably meant: one edit for every three characters away at most.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let folded = name.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(folded.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_another_word_is_not() {
        let known = [
            "workers",
            "queue",
            "retry",
            "retry_if",
            "rate",
            "on_success",
        ];
        assert_eq!(nearest("worker", &known), Some("workers"));
        assert_eq!(nearest("wrokers", &known), Some("workers"));
        assert_eq!(nearest("onSuccess", &known), Some("on_success"));
        assert_eq!(nearest("on-success", &known), Some("on_success"));
        assert_eq!(nearest("parallelism", &known), None);
    }
}
