/// The name that was probably meant: one edit for every three characters away at most.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= candidate.len().max(folded.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `: did you mean ..`, or nothing if no name is near.
pub(crate) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |near| format!(", did you mean `{near}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_another_word_is_not() {
        let known = ["depends_on", "fan_in", "retry_policy"];
        assert_eq!(nearest("depend_on", known), Some("depends_on"));
        assert_eq!(nearest("FanIn", known), Some("fan_in"));
        assert_eq!(nearest("queue", known), None);
        assert_eq!(suggestion("fanin", known), ", did you mean `fan_in`");
    }
}
