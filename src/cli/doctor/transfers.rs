//! Checks whether what exchanges say to have wired fits what the shops know.

use super::Line;
use crate::store::transfers::TransferCounts;

/// What is wrong with transfers, if anything is.
pub(super) fn check(counts: TransferCounts) -> Option<Line> {
    let number = counts.conflicting;
    (number > 0).then(|| {
        Line::Warn(
            format!("{number} transfers of exchanges are not what the shops know"),
            "see why: GET /private/incoming?verified=no names each, in last_error_detail; ask the exchange's operator"
                .into(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfers_that_do_not_fit_are_a_warning_and_those_that_wait_are_none() {
        let of = |waiting, conflicting| check(TransferCounts { waiting, conflicting });
        assert_eq!((of(0, 0), of(7, 0)), (None, None));
        let Some(Line::Warn(said, remedy)) = of(0, 2) else { panic!() };
        assert!(said.starts_with("2 transfers"), "{said}");
        assert!(remedy.contains("/private/incoming"), "{remedy}");
    }
}
