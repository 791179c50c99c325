//! Handlers of statistics (settlement 8).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::error::{Answer, Failure};
use super::extract::{Authorized, PathId, QueryParams};
#[cfg(test)]
use super::openapi::{
    operation::{Operation, get},
    values,
};
use crate::model::statistic::Statistic;
use crate::till::{Principal, Statistics, Till};
use taler::amount::Amount;
use taler::ids::InstanceId;
use taler::time::Timestamp;

/// By what is counted.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct StatisticsQuery {
    /// `BUCKET`: in each hour, day, week, month, quarter and year. `INTERVAL`: since some times. `ANY`, or without
    /// it: both.
    by: Option<CountBy>,
}

/// By what is counted.
#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
enum CountBy {
    /// By pieces of the calendar.
    Bucket,
    /// By times since.
    Interval,
    /// By both.
    Any,
}

/// Amounts in pieces of the calendar, and since some times.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AmountStatistics {
    /// Pieces of the calendar in which anything happened.
    buckets: Vec<AmountBucket>,
    /// The same since some times.
    intervals: Vec<AmountInterval>,
}

/// Amounts of a piece of the calendar.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AmountBucket {
    /// Its first second. It begins in UTC.
    start_time: Timestamp,
    /// The first second after it.
    end_time: Timestamp,
    /// Its length: `hour`, `day`, `week`, `month`, `quarter` or `year`.
    #[cfg_attr(test, schema(example = "day"))]
    range: &'static str,
    /// One sum for each currency.
    cumulative_amounts: Vec<Amount>,
}

/// Amounts since some time.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AmountInterval {
    /// Since when.
    start_time: Timestamp,
    /// One sum for each currency.
    cumulative_amounts: Vec<Amount>,
}

/// Numbers in pieces of the calendar, and since some times.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CounterStatistics {
    /// Pieces of the calendar in which anything happened.
    buckets: Vec<CounterBucket>,
    /// The same since some times.
    intervals: Vec<CounterInterval>,
}

/// A number of a piece of the calendar.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CounterBucket {
    /// Its first second. It begins in UTC.
    start_time: Timestamp,
    /// The first second after it.
    end_time: Timestamp,
    /// Its length: `hour`, `day`, `week`, `month`, `quarter` or `year`.
    #[cfg_attr(test, schema(example = "day"))]
    range: &'static str,
    /// How often it happened.
    #[cfg_attr(test, schema(example = 7))]
    cumulative_counter: u64,
}

/// A number since some time.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CounterInterval {
    /// Since when.
    start_time: Timestamp,
    /// How often it happened.
    #[cfg_attr(test, schema(example = 7))]
    cumulative_counter: u64,
}

/// `GET /private/statistics-amount/$SLUG`.
pub(super) async fn own_amount(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(slug): PathId<String>,
    params: QueryParams,
) -> Answer {
    amount(&till, &principal, &slug, &params).await
}

/// `GET /private/statistics-counter/$SLUG`.
pub(super) async fn own_counter(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(slug): PathId<String>,
    params: QueryParams,
) -> Answer {
    counter(&till, &principal, &slug, &params).await
}

/// `GET /management/instances/$ID/statistics-amount/$SLUG`.
pub(super) async fn amount_of(
    request: HttpRequest,
    till: Data<Till>,
    Authorized(_clerk): Authorized,
    PathId(id): PathId<InstanceId>,
    params: QueryParams,
) -> Answer {
    let principal = till.admit_operator(&id).await?;
    amount(&till, &principal, slug(&request), &params).await
}

/// `GET /management/instances/$ID/statistics-counter/$SLUG`.
pub(super) async fn counter_of(
    request: HttpRequest,
    till: Data<Till>,
    Authorized(_clerk): Authorized,
    PathId(id): PathId<InstanceId>,
    params: QueryParams,
) -> Answer {
    let principal = till.admit_operator(&id).await?;
    counter(&till, &principal, slug(&request), &params).await
}

fn slug(request: &HttpRequest) -> &str {
    request.match_info().get("slug").unwrap_or_default()
}

async fn amount(till: &Till, principal: &Principal, slug: &str, params: &QueryParams) -> Answer {
    let by = by(params)?;
    let found = found(till, principal, Statistic::find(Statistic::AMOUNTS, slug)).await?;
    let buckets = found.buckets.into_iter().filter(|_| by != CountBy::Interval);
    let intervals = found.intervals.into_iter().filter(|_| by != CountBy::Bucket);
    Ok(HttpResponse::Ok().json(AmountStatistics {
        buckets: buckets
            .map(|bucket| AmountBucket {
                start_time: bucket.start,
                end_time: bucket.end,
                range: bucket.range.as_str(),
                cumulative_amounts: bucket.sum.amounts,
            })
            .collect(),
        intervals: intervals
            .map(|(start_time, sum)| AmountInterval { start_time, cumulative_amounts: sum.amounts })
            .collect(),
    }))
}

async fn counter(till: &Till, principal: &Principal, slug: &str, params: &QueryParams) -> Answer {
    let by = by(params)?;
    let found = found(till, principal, Statistic::find(Statistic::COUNTERS, slug)).await?;
    let buckets = found.buckets.into_iter().filter(|_| by != CountBy::Interval);
    let intervals = found.intervals.into_iter().filter(|_| by != CountBy::Bucket);
    Ok(HttpResponse::Ok().json(CounterStatistics {
        buckets: buckets
            .map(|bucket| CounterBucket {
                start_time: bucket.start,
                end_time: bucket.end,
                range: bucket.range.as_str(),
                cumulative_counter: bucket.sum.count,
            })
            .collect(),
        intervals: intervals
            .map(|(start_time, sum)| CounterInterval { start_time, cumulative_counter: sum.count })
            .collect(),
    }))
}

fn by(params: &QueryParams) -> Result<CountBy, Failure> {
    let StatisticsQuery { by } = params.read()?;
    Ok(by.unwrap_or(CountBy::Any))
}

/// The statistics; none of what is not counted here.
async fn found(
    till: &Till,
    principal: &Principal,
    statistic: Option<Statistic>,
) -> Result<Statistics, Failure> {
    match statistic {
        Some(statistic) => Ok(till.statistics(principal, statistic).await?),
        None => Ok(Statistics::default()),
    }
}

/// How the API document describes the routes of an instance.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const COUNTED: &str = "What is counted. Of what is not known there are none.";
    vec![
        get("/private/statistics-amount/{id}", "Amounts in pieces of the calendar")
            .at::<values::AnySegment>(COUNTED)
            .asks::<StatisticsQuery>()
            .answers::<AmountStatistics>(200, "The amounts."),
        get("/private/statistics-counter/{id}", "Numbers in pieces of the calendar")
            .at::<values::AnySegment>(COUNTED)
            .asks::<StatisticsQuery>()
            .answers::<CounterStatistics>(200, "The numbers."),
    ]
}

/// How the API document describes the routes for the special instance.
#[cfg(test)]
pub(super) fn management() -> Vec<Operation> {
    let amount = "/management/instances/{id}/statistics-amount/{slug}";
    let counter = "/management/instances/{id}/statistics-counter/{slug}";
    vec![
        get(amount, "Amounts of an instance in pieces of the calendar")
            .at::<InstanceId>("The instance.")
            .in_path::<values::AnySegment>("slug", "What is counted.")
            .asks::<StatisticsQuery>()
            .answers::<AmountStatistics>(200, "The amounts.")
            .fails(&["InstanceUnknown", "InstanceDeleted"]),
        get(counter, "Numbers of an instance in pieces of the calendar")
            .at::<InstanceId>("The instance.")
            .in_path::<values::AnySegment>("slug", "What is counted.")
            .asks::<StatisticsQuery>()
            .answers::<CounterStatistics>(200, "The numbers.")
            .fails(&["InstanceUnknown", "InstanceDeleted"]),
    ]
}
