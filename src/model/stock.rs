//! How the stock of a product changes by hand, and how a shop looks at its stock.
//!
//! The counters of a product only grow (inventory 2): what is delivered adds to its stock, what is broken or
//! used adds to what is lost. What is counted becomes one or the other.

use std::fmt;

use super::invalid_field::InvalidField;
use super::product::ProductSerial;
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use taler::time::Timestamp;

/// Longest note about a change of a stock, in characters.
pub const MAX_STOCK_NOTE: usize = 200;

/// Why a stock changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StockReason {
    /// More has come.
    Delivery,
    /// Some is broken, spoiled or stolen.
    Breakage,
    /// The shop used some itself.
    OwnUse,
    /// Somebody counted.
    Count,
    /// A customer brought some back.
    Return,
    /// It is not counted from now on: there is always enough.
    Uncounted,
}

impl StockReason {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Delivery, Self::Breakage, Self::OwnUse, Self::Count, Self::Return, Self::Uncounted];

    /// The word for it in forms and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Breakage => "breakage",
            Self::OwnUse => "own-use",
            Self::Count => "count",
            Self::Return => "return",
            Self::Uncounted => "uncounted",
        }
    }

    /// The reason that this word stands for.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// By how much a stock changed, in millionths; below zero: it became less.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StockDifference(pub i64);

impl StockDifference {
    /// From `before` to `after`, each what was stocked less what is gone, in millionths.
    pub fn between(before: i64, after: i64) -> Self {
        Self(after.saturating_sub(before))
    }
}

impl fmt::Display for StockDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.0 {
            0 => "",
            1.. => "+",
            _ => "−",
        };
        let size = DecimalQuantity::from_millionths(self.0.unsigned_abs());
        write!(f, "{sign}{}", size.unwrap_or(DecimalQuantity::MAX))
    }
}

/// A change of a stock by hand that was made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StockMovement {
    /// Its place in the list.
    pub serial: i64,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: StockReason,
    /// By how much.
    pub change: StockDifference,
    /// How much was there then; `None`: it was not counted.
    pub left: Option<DecimalQuantity>,
    /// Who did it, as the shop calls them; may be empty.
    pub who: String,
    /// The shop's own note, or the number of the order; may be empty.
    pub note: String,
}

/// A change of a stock by hand that is wanted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MoveStock {
    /// Why.
    pub reason: StockReason,
    /// How much more or less; with [`StockReason::Count`], how much there is; otherwise unused.
    pub quantity: DecimalQuantity,
    /// The shop's own note; may be empty.
    pub note: String,
}

/// What a stock and what is lost become by a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MovedStock {
    /// What was ever stocked; `None`: it is not counted.
    pub total_stock: Option<DecimalQuantity>,
    /// What was ever lost.
    pub total_lost: DecimalQuantity,
    /// By how much there is more than before.
    pub change: StockDifference,
}

/// Why a stock cannot change like that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadMove {
    /// It is not counted.
    Uncounted,
    /// There is less than would be gone.
    TooMuch,
    /// This is more than any stock can be, or nothing.
    Invalid(InvalidField),
}

/// The counters of a product.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StockCounters {
    /// What was ever stocked; `None`: it is not counted.
    pub total_stock: Option<DecimalQuantity>,
    /// What was ever sold.
    pub sold: DecimalQuantity,
    /// What was ever lost.
    pub total_lost: DecimalQuantity,
}

fn signed(quantity: DecimalQuantity) -> i64 {
    i64::try_from(quantity.millionths()).unwrap_or(i64::MAX)
}

impl StockCounters {
    /// What is there, in millionths; below zero where more was sold than there was.
    fn present(self, stock: DecimalQuantity) -> i64 {
        signed(stock).saturating_sub(signed(self.sold)).saturating_sub(signed(self.total_lost))
    }

    /// What they become when `quantity` comes, goes or is counted, for `reason`.
    ///
    /// # Errors
    /// [`BadMove`].
    pub fn moved(
        self,
        reason: StockReason,
        quantity: DecimalQuantity,
    ) -> Result<MovedStock, BadMove> {
        let invalid = BadMove::Invalid(InvalidField("quantity"));
        let more =
            |total: DecimalQuantity, by: DecimalQuantity| total.checked_add(by).ok_or(invalid);
        let total_lost = self.total_lost;
        let stock = match (reason, self.total_stock) {
            (StockReason::Uncounted, _) => {
                return Ok(MovedStock {
                    total_stock: None,
                    total_lost,
                    change: StockDifference(0),
                });
            }
            (StockReason::Count, None) => {
                // Whatever was there before, it is so much now.
                let gone = more(self.sold, total_lost)?;
                let total_stock = Some(more(gone, quantity)?);
                return Ok(MovedStock { total_stock, total_lost, change: StockDifference(0) });
            }
            (_, None) => return Err(BadMove::Uncounted),
            (_, Some(stock)) => stock,
        };
        let before = self.present(stock);
        let (after, stock, total_lost) = match reason {
            _ if quantity.is_zero() && reason != StockReason::Count => return Err(invalid),
            StockReason::Delivery | StockReason::Return => {
                (before.saturating_add(signed(quantity)), more(stock, quantity)?, total_lost)
            }
            StockReason::Breakage | StockReason::OwnUse => {
                let after = before.saturating_sub(signed(quantity));
                if after < 0 {
                    return Err(BadMove::TooMuch);
                }
                (after, stock, more(total_lost, quantity)?)
            }
            StockReason::Count | StockReason::Uncounted => {
                let after = signed(quantity);
                let by = DecimalQuantity::from_millionths(after.abs_diff(before));
                let by = by.map_err(|_| invalid)?;
                match after >= before {
                    true => (after, more(stock, by)?, total_lost),
                    false => (after, stock, more(total_lost, by)?),
                }
            }
        };
        let change = StockDifference::between(before, after);
        Ok(MovedStock { total_stock: Some(stock), total_lost, change })
    }
}

/// Which part low products have in a list.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LowStock {
    /// They stand by their names like the others.
    #[default]
    Alike,
    /// They come first.
    First,
    /// There are no others.
    Only,
}

/// The products that a shop looks at together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StockPage {
    /// In this category.
    pub category: Option<i64>,
    /// With this in the number, the name or the description, upper or lower case.
    pub text: Option<String>,
    /// Where low ones stand.
    pub low: LowStock,
    /// At most so many.
    pub limit: u32,
    /// After so many.
    pub offset: u32,
}

/// A line of a paid order of which some can be put back into stock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SoldLine {
    /// Its number in the order.
    pub line: i64,
    /// Which product.
    pub product: ProductSerial,
    /// Its number.
    pub product_id: ProductId,
    /// What it is called now.
    pub name: String,
    /// How much was sold.
    pub sold: DecimalQuantity,
    /// How much of that was put back already.
    pub returned: DecimalQuantity,
}

impl SoldLine {
    /// How much can still be put back.
    pub fn left(&self) -> DecimalQuantity {
        self.sold.saturating_sub(self.returned)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(number: u64) -> DecimalQuantity {
        DecimalQuantity::from_whole(number).unwrap()
    }

    fn counters(stock: Option<u64>, sold: u64, lost: u64) -> StockCounters {
        StockCounters { total_stock: stock.map(whole), sold: whole(sold), total_lost: whole(lost) }
    }

    #[test]
    fn a_stock_changes_for_a_reason() {
        let now = counters(Some(10), 3, 2);
        let of = |reason, quantity| now.moved(reason, whole(quantity));
        let became = |stock, lost, change: i64| {
            Ok(MovedStock {
                total_stock: Some(whole(stock)),
                total_lost: whole(lost),
                change: StockDifference(change * 1_000_000),
            })
        };
        assert_eq!(of(StockReason::Delivery, 4), became(14, 2, 4));
        assert_eq!(of(StockReason::Return, 1), became(11, 2, 1));
        assert_eq!(of(StockReason::Breakage, 5), became(10, 7, -5));
        assert_eq!(of(StockReason::OwnUse, 6), Err(BadMove::TooMuch));
        assert_eq!(of(StockReason::Count, 7), became(12, 2, 2));
        assert_eq!(of(StockReason::Count, 1), became(10, 6, -4));
        assert_eq!(of(StockReason::Count, 5), became(10, 2, 0));
        assert!(matches!(of(StockReason::Delivery, 0), Err(BadMove::Invalid(_))));
        let uncounted = of(StockReason::Uncounted, 0).unwrap();
        assert_eq!((uncounted.total_stock, uncounted.total_lost), (None, whole(2)));
        assert_eq!(
            counters(None, 3, 2).moved(StockReason::Delivery, whole(1)),
            Err(BadMove::Uncounted)
        );
        let counted = counters(None, 3, 2).moved(StockReason::Count, whole(7)).unwrap();
        assert_eq!(counted.total_stock, Some(whole(12)));
        // More was sold than there was.
        let oversold = counters(Some(1), 3, 0).moved(StockReason::Count, whole(0)).unwrap();
        assert_eq!((oversold.total_stock, oversold.change.0), (Some(whole(3)), 2_000_000));
    }

    #[test]
    fn a_difference_says_its_sign() {
        let of = |millionths| StockDifference(millionths).to_string();
        assert_eq!(
            (of(1_500_000), of(-2_000_000), of(0)),
            ("+1.5".into(), "−2".into(), "0".into())
        );
        for reason in StockReason::ALL {
            assert_eq!(StockReason::of(reason.as_str()), Some(reason));
        }
    }

    proptest! {
        #[test]
        fn after_a_count_there_is_what_was_counted(
            stock in 0u64..1 << 40, sold in 0u64..1 << 40, lost in 0u64..1 << 40, counted in 0u64..1 << 40,
        ) {
            let of = |millionths| DecimalQuantity::from_millionths(millionths).unwrap();
            let now = StockCounters { total_stock: Some(of(stock)), sold: of(sold), total_lost: of(lost) };
            let then = now.moved(StockReason::Count, of(counted)).unwrap();
            let (stock_then, lost_then) = (then.total_stock.unwrap(), then.total_lost);
            prop_assert!(stock_then >= of(stock) && lost_then >= of(lost), "counters only grow");
            prop_assert_eq!(
                stock_then.millionths(), sold + lost_then.millionths() + counted
            );
        }
    }
}
