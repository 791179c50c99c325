//! Limits on writes of clients without a token: orders of templates, claims, and claims
//! undone. However many there are, the shop goes on selling: they are
//! counted by network and by template, they leave room on the disk, and what they have left behind
//! unpaid is deleted.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::{Error, Till, rate_limit_key};
use crate::model::instance::{Instance, InstanceSerial};
use crate::model::order::OrderSerial;
use crate::store::{self, Read, deposits, logos, orders};
use system::clock;
use taler::ids::TemplateId;
use taler::time::Timestamp;

/// Networks, and templates, that are counted each by itself; all others beyond share one count.
const MAX_COUNTS: usize = 10_000;
/// After the disk was too full, a tenth more than the reserve must be free before it is
/// enough, so that it does not change with every change.
const MARGIN: u64 = 10;
/// How long an unpaid public order is kept after its deadline, in seconds: a day.
const KEPT_S: u64 = 86_400;
/// Most orders deleted in one change, for which others wait.
const DELETED_AT_ONCE: u32 = 64;

/// The bounds of what strangers can have written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StrangerLimits {
    /// Writes that one network may make at once,
    pub network_burst: NonZeroU32,
    /// and how many a minute after that.
    pub network_per_minute: NonZeroU32,
    /// Orders that may be created from one template at once,
    pub template_burst: NonZeroU32,
    /// and how many a minute after that.
    pub template_per_minute: NonZeroU32,
    /// Most unpaid public orders of an instance.
    pub max_open_orders: NonZeroU32,
    /// Free bytes on the disk that a write of a client without a token needs.
    pub disk_reserve_bytes: u64,
}

impl Default for StrangerLimits {
    fn default() -> Self {
        let count = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self {
            network_burst: count(60),
            network_per_minute: count(120),
            template_burst: count(300),
            template_per_minute: count(600),
            max_open_orders: count(10_000),
            disk_reserve_bytes: 50_000_000,
        }
    }
}

/// Writes counted together: all of one network, or all orders of one template. `None`: of
/// all those for which there is no count of their own.
type Counts<K> = RateLimiter<Option<K>, HashMapStateStore<Option<K>>, DefaultClock>;

/// An IPv4 address, or an IPv6 network of 64 bits; `None`: the client's address is unknown.
type Network = Option<IpAddr>;

/// Recent writes of clients without a token.
pub(super) struct Strangers {
    limits: StrangerLimits,
    networks: Counts<Network>,
    templates: Counts<(InstanceSerial, TemplateId)>,
    clock: DefaultClock,
    /// Whether the disk was too full at the last check.
    is_short: AtomicBool,
}

impl fmt::Debug for Strangers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strangers").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Strangers {
    pub(super) fn new(limits: StrangerLimits) -> Self {
        let quota = |burst, per_minute| Quota::per_minute(per_minute).allow_burst(burst);
        Self {
            networks: RateLimiter::hashmap(quota(limits.network_burst, limits.network_per_minute)),
            templates: RateLimiter::hashmap(quota(
                limits.template_burst,
                limits.template_per_minute,
            )),
            clock: DefaultClock::default(),
            is_short: AtomicBool::new(false),
            limits,
        }
    }

    fn count<K: Clone + Eq + Hash>(&self, counts: &Counts<K>, key: K) -> Result<(), Error> {
        if counts.len() >= MAX_COUNTS {
            // Those who have been quiet need not be remembered.
            counts.retain_recent();
        }
        let key = Some(key).filter(|_| counts.len() < MAX_COUNTS);
        counts
            .check_key(&key)
            .map_err(|until| Error::TooManyWrites(until.wait_time_from(self.clock.now())))
    }

    /// Counts a write of `client`.
    fn count_network(&self, client: Option<IpAddr>) -> Result<(), Error> {
        self.count(&self.networks, rate_limit_key(client))
    }

    /// Counts an order of a template.
    fn count_template(&self, instance: InstanceSerial, id: &TemplateId) -> Result<(), Error> {
        self.count(&self.templates, (instance, id.clone()))
    }

    /// Whether the disk has space for more than payments, with this number of free bytes. Logs
    /// when that changes.
    fn check_room(&self, free: Option<u64>) -> Result<(), Error> {
        let reserve = self.limits.disk_reserve_bytes;
        let margin = reserve.checked_div(MARGIN).unwrap_or_default();
        let enough = match self.is_short.load(Ordering::Relaxed) {
            true => reserve.saturating_add(margin),
            false => reserve,
        };
        let is_short = free.is_some_and(|free| free < enough);
        if self.is_short.swap(is_short, Ordering::Relaxed) != is_short {
            let free = free.unwrap_or_default();
            match is_short {
                true => log::warn!(
                    "only {free} bytes are free on the disk: orders of templates and claims are refused \
                     until {} are free",
                    reserve.saturating_add(margin)
                ),
                false => {
                    log::info!("{free} bytes are free on the disk again: all requests are accepted")
                }
            }
        }
        if is_short { Err(Error::DiskReserve) } else { Ok(()) }
    }
}

impl Till {
    /// Whether `client`, which has no token, may write. It counts as a write.
    ///
    /// # Errors
    /// [`Error::DiskReserve`], [`Error::TooManyWrites`].
    pub(super) fn admit_stranger(&self, client: Option<IpAddr>) -> Result<(), Error> {
        self.strangers.check_room(self.store.free_bytes())?;
        self.strangers.count_network(client)
    }

    /// The same for an order of a template.
    ///
    /// # Errors
    /// As [`Till::admit_stranger`]; [`Error::TooManyOpenOrders`].
    pub(super) fn admit_stranger_at(
        &self,
        shop: &Instance,
        id: &TemplateId,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        self.admit_stranger(client)?;
        self.strangers.count_template(shop.serial, id)?;
        self.store.read_in_place(|db| self.check_open_orders(db, shop.serial))
    }

    /// Whether this shop may have one more unpaid public order.
    ///
    /// # Errors
    /// [`Error::TooManyOpenOrders`].
    pub(super) fn check_open_orders(
        &self,
        db: &Read<'_>,
        shop: InstanceSerial,
    ) -> Result<(), Error> {
        let most = self.strangers.limits.max_open_orders.get();
        match orders::has_open_of_strangers(db, shop, most)? {
            true => Err(Error::TooManyOpenOrders),
            false => Ok(()),
        }
    }

    /// Deletes some public orders that are unpaid a day after their deadline,
    /// unless any coin was sent for them, and logos that no order contains any more. Whether there
    /// may be more.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn delete_expired_orders(&self) -> Result<bool, Error> {
        let now = self.clock.now();
        // Nor while something has happened that is still to come.
        let newest = self.store.read_in_place(|db| store::newest(db))?;
        if !self.is_time_sure() || clock::clock_problem(now, newest).is_some() {
            return Ok(false);
        }
        let before = now.secs().map(|now| Timestamp::from_secs(now.saturating_sub(KEPT_S)));
        let Some(Ok(before)) = before else { return Ok(false) };
        let found = self
            .store
            .read(move |db| orders::expired_of_strangers(db, before, DELETED_AT_ONCE))
            .await?;
        let may_be_more = u32::try_from(found.len()).is_ok_and(|count| count == DELETED_AT_ONCE);
        // A payment in progress began in time and may still complete.
        let unpaid: Vec<OrderSerial> =
            found.into_iter().filter(|order| !self.locks.is_taken(*order)).collect();
        if unpaid.is_empty() && !self.store.read_in_place(|db| logos::has_unused(db))? {
            return Ok(false);
        }
        let deleted = self
            .store
            .write::<_, Error>(move |tx| {
                let mut deleted = 0_usize;
                for serial in unpaid {
                    // Much may have happened since they were found.
                    let order = orders::find_by_serial(tx, serial)?
                        .filter(|order| order.paid.is_none() && order.pay_deadline < before);
                    if let Some(order) = order
                        && !deposits::are_there(tx, serial)?
                    {
                        orders::delete(tx, &order)?;
                        deleted = deleted.saturating_add(1);
                    }
                }
                logos::delete_unused(tx)?;
                Ok(deleted)
            })
            .await?;
        if deleted > 0 {
            log::debug!("deleted {deleted} unpaid orders of templates");
        }
        Ok(may_be_more && deleted > 0)
    }

    /// Returns some free pages to the disk. Whether there are more.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn give_space_back(&self) -> Result<bool, Error> {
        Ok(self.store.give_space_back().await?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn few() -> Strangers {
        let count = |count| NonZeroU32::new(count).unwrap();
        Strangers::new(StrangerLimits {
            network_burst: count(3),
            network_per_minute: count(1),
            template_burst: count(2),
            template_per_minute: count(1),
            ..StrangerLimits::default()
        })
    }

    #[test]
    fn a_network_has_its_own_count_and_is_told_when_to_come_back() {
        let strangers = few();
        let at = |address: &str| strangers.count_network(Some(address.parse().unwrap()));
        for address in ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1"] {
            at(address).unwrap();
        }
        let Err(Error::TooManyWrites(wait)) = at("2001:db8::3") else { panic!("the same network") };
        assert!(wait <= Duration::from_secs(60) && wait > Duration::from_secs(50), "{wait:?}");
        at("2001:db8:0:1::1").unwrap();
        for _ in 0..3 {
            at("192.0.2.1").unwrap();
        }
        // The same address, written as IPv6.
        assert!(at("::ffff:192.0.2.1").is_err());
        at("192.0.2.2").unwrap();
        strangers.count_network(None).unwrap();
    }

    #[test]
    fn a_template_has_its_own_count() {
        let strangers = few();
        let (tea, rum) = (TemplateId::parse("tea").unwrap(), TemplateId::parse("rum").unwrap());
        let at = |shop, id| strangers.count_template(InstanceSerial(shop), id);
        at(1, &tea).unwrap();
        at(1, &tea).unwrap();
        assert!(matches!(at(1, &tea), Err(Error::TooManyWrites(_))));
        at(1, &rum).unwrap();
        at(2, &tea).unwrap();
    }

    #[test]
    fn more_networks_than_can_be_counted_share_one_count() {
        let strangers = few();
        let at =
            |number: u32| strangers.count_network(Some(std::net::Ipv4Addr::from(number).into()));
        for number in 0..u32::try_from(MAX_COUNTS).unwrap() {
            at(number).unwrap();
        }
        let passed = (0..10).filter(|number| at(u32::MAX - number).is_ok()).count();
        assert_eq!(passed, 3);
        assert!(strangers.networks.len() <= MAX_COUNTS + 1);
    }

    #[test]
    fn below_the_reserve_nothing_is_written_for_strangers() {
        let strangers = few();
        let reserve = strangers.limits.disk_reserve_bytes;
        strangers.check_room(Some(reserve)).unwrap();
        for still_short in [reserve - 1, reserve, reserve + reserve / 10 - 1] {
            assert!(matches!(strangers.check_room(Some(still_short)), Err(Error::DiskReserve)));
        }
        strangers.check_room(Some(reserve + reserve / 10)).unwrap();
        strangers.check_room(Some(reserve)).unwrap();
        strangers.check_room(None).unwrap();
    }
}
