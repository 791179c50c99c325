//! The use case of statistics: what happened in each hour, day and so on, and since some times (settlement 8).
//!
//! They are added up when they are asked for, from what is kept anyway.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use super::{Error, Principal, Till};
use crate::model::statistic::Statistic;
use crate::store::statistics::{self, Occurrence};
use taler::amount::Amount;
use taler::time::Timestamp;

/// The length of a bucket. They begin in UTC, weeks on Mondays.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BucketRange {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A year.
    Year,
}

impl BucketRange {
    /// Each with how many are told of, this one included.
    const ALL: [(Self, i64); 6] = [
        (Self::Hour, 48),
        (Self::Day, 60),
        (Self::Week, 26),
        (Self::Month, 24),
        (Self::Quarter, 12),
        (Self::Year, 5),
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// When the bucket begins that lies `back` before the one with `now` in it; 0: that one.
    fn start(self, now: &Zoned, back: i64) -> Option<Timestamp> {
        let date = now.date();
        let first = |year: i16, month: i8| Date::new(year, month, 1).ok();
        let begin = match self {
            Self::Hour => {
                let begin = date.at(now.hour(), 0, 0, 0).checked_sub(back.hours()).ok()?;
                return seconds(begin.to_zoned(TimeZone::UTC).ok()?);
            }
            Self::Day => date.checked_sub(back.days()).ok()?,
            Self::Week => {
                let monday = i64::from(date.weekday().to_monday_zero_offset());
                date.checked_sub(monday.days()).ok()?.checked_sub(back.weeks()).ok()?
            }
            Self::Month => first(date.year(), date.month())?.checked_sub(back.months()).ok()?,
            Self::Quarter => {
                let month = date.month().saturating_sub(1) / 3 * 3;
                let begin = first(date.year(), month.saturating_add(1))?;
                begin.checked_sub(back.saturating_mul(3).months()).ok()?
            }
            Self::Year => first(date.year(), 1)?.checked_sub(back.years()).ok()?,
        };
        seconds(begin.to_zoned(TimeZone::UTC).ok()?)
    }
}

fn seconds(at: Zoned) -> Option<Timestamp> {
    Timestamp::from_secs(u64::try_from(at.timestamp().as_second()).ok()?).ok()
}

/// Times since which is counted, in seconds before now: an hour, a day, a week, 30 days, a year.
const INTERVALS_S: [u64; 5] = [3_600, 86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400];

/// How often something happened, and which amounts it was about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sum {
    /// How often.
    pub count: u64,
    /// One amount for each currency.
    pub amounts: Vec<Amount>,
}

/// What happened from `start` until `end`.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its length.
    pub range: BucketRange,
    /// Its first second.
    pub start: Timestamp,
    /// The first second after it.
    pub end: Timestamp,
    /// What happened in it.
    pub sum: Sum,
}

/// The statistics of one thing.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Those in which anything happened, the shortest first and of each length the oldest first.
    pub buckets: Vec<Bucket>,
    /// What happened since these times.
    pub intervals: Vec<(Timestamp, Sum)>,
}

impl Till {
    /// What happened in the principal's shop, in buckets and since some times.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn statistics(
        &self,
        principal: &Principal,
        statistic: Statistic,
    ) -> Result<Statistics, Error> {
        let (instance, now) = (principal.instance.serial, self.clock.now());
        self.store
            .read(move |db| {
                let mut adding = Adding::at(now).ok_or_else(|| Error::Damaged("a time".into()))?;
                statistics::each(db, instance, statistic, adding.oldest(), |one| adding.add(&one))?;
                Ok(adding.done())
            })
            .await
    }
}

/// Buckets of one length: when each begins, and last the end of all.
struct Buckets {
    range: BucketRange,
    starts: Vec<Timestamp>,
    sums: Vec<Adder>,
}

/// Adds up what comes.
#[derive(Clone, Debug, Default)]
struct Adder {
    count: u64,
    amounts: BTreeMap<String, Amount>,
}

impl Adder {
    fn add(&mut self, one: &Occurrence) {
        self.count = self.count.saturating_add(1);
        let Some(plus) = one.plus else { return };
        // A fee is never more than what it is taken from.
        let net = one.minus.map_or(plus, |minus| plus.checked_sub(&minus).unwrap_or(plus));
        let sum = self.amounts.entry(net.currency().to_string());
        let sum = sum.or_insert_with(|| Amount::zero(*net.currency()));
        *sum = sum.checked_add(&net).unwrap_or(Amount::largest(*net.currency()));
    }

    fn done(self) -> Sum {
        Sum { count: self.count, amounts: self.amounts.into_values().collect() }
    }
}

struct Adding {
    buckets: Vec<Buckets>,
    intervals: Vec<(Timestamp, Adder)>,
}

impl Adding {
    fn at(now: Timestamp) -> Option<Self> {
        let secs = i64::try_from(now.secs()?).ok()?;
        let moment = jiff::Timestamp::from_second(secs).ok()?.to_zoned(TimeZone::UTC);
        let buckets = BucketRange::ALL.iter().map(|(range, count)| {
            // The last one is the end of this bucket.
            let starts = (-1..*count).rev().map(|back| range.start(&moment, back));
            let starts: Vec<_> = starts.collect::<Option<_>>()?;
            let sums = vec![Adder::default(); starts.len().saturating_sub(1)];
            Some(Buckets { range: *range, starts, sums })
        });
        let since = |seconds: &u64| {
            let since = Timestamp::from_secs(now.secs()?.saturating_sub(*seconds)).ok()?;
            Some((since, Adder::default()))
        };
        Some(Self {
            buckets: buckets.collect::<Option<_>>()?,
            intervals: INTERVALS_S.iter().map(since).collect::<Option<_>>()?,
        })
    }

    /// The first second of which anything is counted.
    fn oldest(&self) -> Timestamp {
        let starts = self.buckets.iter().filter_map(|buckets| buckets.starts.first().copied());
        starts
            .chain(self.intervals.iter().map(|(since, _)| *since))
            .min()
            .unwrap_or(Timestamp::ZERO)
    }

    fn add(&mut self, one: &Occurrence) {
        for buckets in &mut self.buckets {
            let after = buckets.starts.partition_point(|start| *start <= one.at);
            let place = after.checked_sub(1);
            if let Some(sum) = place.and_then(|place| buckets.sums.get_mut(place)) {
                sum.add(one);
            }
        }
        for (since, sum) in &mut self.intervals {
            if one.at >= *since {
                sum.add(one);
            }
        }
    }

    fn done(self) -> Statistics {
        let mut all = Vec::new();
        for Buckets { range, starts, sums } in self.buckets {
            let ends = starts.iter().skip(1);
            for ((start, end), sum) in starts.iter().zip(ends).zip(sums) {
                if sum.count > 0 {
                    all.push(Bucket { range, start: *start, end: *end, sum: sum.done() });
                }
            }
        }
        let intervals = self.intervals.into_iter().map(|(since, sum)| (since, sum.done()));
        Statistics { buckets: all, intervals: intervals.collect() }
    }
}

/// How much earlier than now a time is; for tests of intervals.
#[cfg(test)]
fn earlier(now: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::from_secs(now.secs().unwrap().saturating_sub(seconds)).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_an_occurrence_is_in_one_of_each_length() {
        // Sundays, the ends of months and years, a leap day.
        for now in [1_796_061_600, 1_767_225_599, 1_767_225_600, 1_709_164_800, 1_709_251_199] {
            let now = Timestamp::from_secs(now).unwrap();
            let mut adding = Adding::at(now).unwrap();
            for buckets in &adding.buckets {
                assert!(buckets.starts.is_sorted_by(|a, b| a < b), "{:?}", buckets.range);
                let [.., begin, end] = buckets.starts[..] else { panic!() };
                assert!(begin <= now && now < end, "{:?}", buckets.range);
            }
            let amount = Some(Amount::parse("KUDOS:5").unwrap());
            let fee = Some(Amount::parse("KUDOS:0.01").unwrap());
            adding.add(&Occurrence { at: now, plus: amount, minus: fee });
            adding.add(&Occurrence { at: earlier(now, 10 * 86_400), plus: amount, minus: None });
            let done = adding.done();
            let of = |range: BucketRange| -> Vec<u64> {
                let all = done.buckets.iter().filter(|bucket| bucket.range == range);
                all.map(|bucket| bucket.sum.count).collect()
            };
            assert_eq!((of(BucketRange::Hour), of(BucketRange::Day)), (vec![1], vec![1, 1]));
            let counts: Vec<_> = done.intervals.iter().map(|(_, sum)| sum.count).collect();
            assert_eq!(counts, [1, 1, 1, 2, 2]);
            let year = &done.intervals[4].1.amounts;
            assert_eq!(year[..], [Amount::parse("KUDOS:9.99").unwrap()]);
        }
    }
}
