//! The hub: requests subscribe to topics and are woken when a topic changes.
//!
//! A wake carries no content; the subscriber queries the database again. So a wake that comes
//! twice or late costs only a query. Each topic has its own channel, created by its
//! first subscriber and removed with its last, so that the cost of a wake does not depend on the number of
//! other topics.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender, channel};

use crate::model::order::Topic;

/// How many may wait (decision 15).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In all.
    pub total: usize,
    /// For one topic.
    pub per_topic: usize,
    /// From one client's address.
    pub per_client: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { total: 20_000, per_topic: 1_024, per_client: 256 }
    }
}

/// How full the hub is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// How many wait.
    pub parked: usize,
    /// For how many topics.
    pub topics: usize,
}

/// The hub. Cheap to clone; all clones are one hub.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    limits: Limits,
    state: Mutex<State>,
    /// For the one task that tells webhooks: it is no request, counts as none and is never refused.
    webhooks: Notify,
}

#[derive(Default)]
struct State {
    closed: bool,
    parked: usize,
    clients: HashMap<IpAddr, usize>,
    topics: HashMap<Arc<Topic>, Sender<()>>,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({:?})", self.stats())
    }
}

impl Hub {
    /// A hub in which so many may wait.
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Inner { limits, state: Mutex::default(), webhooks: Notify::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A map that a panic left behind is still a map.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens to a topic, and to another one if need be, from now on; counted as one for `client`.
    /// `None` when too many do already, or when the hub is closed: the answer must be given at once.
    pub fn listen(
        &self,
        topic: Topic,
        also: Option<Topic>,
        client: Option<IpAddr>,
    ) -> Option<Listener> {
        let limits = self.0.limits;
        let mut guard = self.state();
        let state = &mut *guard;
        let full = |topic: &Topic| {
            state.topics.get(topic).is_some_and(|news| news.receiver_count() >= limits.per_topic)
        };
        let crowd = client.and_then(|client| state.clients.get(&client)).copied();
        if state.closed
            || state.parked >= limits.total
            || crowd.is_some_and(|crowd| crowd >= limits.per_client)
            || full(&topic)
            || also.as_ref().is_some_and(full)
        {
            return None;
        }
        state.parked += 1;
        if let Some(client) = client {
            *state.clients.entry(client).or_default() += 1;
        }
        let first = state.subscribe(topic);
        let second = also.map(|topic| state.subscribe(topic));
        Some(Listener { hub: self.clone(), client, first, second })
    }

    /// Wakes all who listen to `topic`.
    pub fn wake(&self, topic: &Topic) {
        if *topic == Topic::Webhooks {
            return self.0.webhooks.notify_one();
        }
        let news = self.state().topics.get(topic).cloned();
        if let Some(news) = news {
            // An error says that the last listener has just gone.
            let _ = news.send(());
        }
    }

    /// Wakes all subscribers, and accepts no new ones.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let topics = std::mem::take(&mut state.topics);
        drop(state);
        // Listeners hear that their channels are gone.
        drop(topics);
    }

    /// Waits until there may be something to tell to webhooks, since the last call. For one task.
    pub async fn webhooks_changed(&self) {
        self.0.webhooks.notified().await;
    }

    /// How full the hub is.
    pub fn stats(&self) -> Stats {
        let state = self.state();
        Stats { parked: state.parked, topics: state.topics.len() }
    }
}

impl State {
    fn subscribe(&mut self, topic: Topic) -> Subscription {
        if let Some((topic, news)) = self.topics.get_key_value(&topic) {
            return Subscription { topic: topic.clone(), news: Some(news.subscribe()) };
        }
        let topic = Arc::new(topic);
        // A capacity of one is enough: one pending wake makes the subscriber query again.
        let (sender, news) = channel(1);
        self.topics.insert(topic.clone(), sender);
        Subscription { topic, news: Some(news) }
    }

    fn forget(&mut self, subscription: &mut Subscription) {
        subscription.news = None;
        if self.topics.get(&subscription.topic).is_some_and(|news| news.receiver_count() == 0) {
            self.topics.remove(&subscription.topic);
        }
    }

    /// Gives memory back after a rush.
    fn shrink(&mut self) {
        if self.topics.len() < self.topics.capacity() / 8 && self.topics.capacity() > 1024 {
            self.topics.shrink_to_fit();
        }
    }
}

struct Subscription {
    topic: Arc<Topic>,
    /// Gone only while the listener is dropped.
    news: Option<Receiver<()>>,
}

impl Subscription {
    async fn woken(&mut self) -> bool {
        match &mut self.news {
            Some(news) => !matches!(news.recv().await, Err(RecvError::Closed)),
            None => false,
        }
    }
}

/// A subscription to a topic; dropping it ends it.
pub struct Listener {
    hub: Hub,
    client: Option<IpAddr>,
    first: Subscription,
    second: Option<Subscription>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

impl Listener {
    /// Waits until there may be news since the last call, or since listening began; `false` when
    /// the hub is closed and nothing more will come.
    pub async fn woken(&mut self) -> bool {
        match &mut self.second {
            None => self.first.woken().await,
            Some(second) => tokio::select! {
                news = self.first.woken() => news,
                news = second.woken() => news,
            },
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        state.forget(&mut self.first);
        if let Some(second) = &mut self.second {
            state.forget(second);
        }
        state.parked = state.parked.saturating_sub(1);
        if let Some(client) = self.client
            && let Some(crowd) = state.clients.get_mut(&client)
        {
            *crowd = crowd.saturating_sub(1);
            if *crowd == 0 {
                state.clients.remove(&client);
            }
        }
        state.shrink();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::model::instance::InstanceSerial;
    use taler::ids::OrderId;

    fn order(id: &str) -> Topic {
        Topic::Order(InstanceSerial(1), OrderId::parse(id).unwrap())
    }

    fn small() -> Hub {
        Hub::new(Limits { total: 3, per_topic: 2, per_client: 1 })
    }

    async fn is_woken(listener: &mut Listener) -> bool {
        timeout(Duration::from_millis(20), listener.woken()).await.is_ok()
    }

    #[tokio::test]
    async fn only_those_concerned_are_woken() {
        let hub = Hub::new(Limits::default());
        let mut a = hub.listen(order("a"), None, None).unwrap();
        let mut both = hub.listen(order("b"), Some(order("a")), None).unwrap();
        let mut other = hub.listen(order("c"), None, None).unwrap();
        hub.wake(&order("a"));
        hub.wake(&order("nobody"));
        assert!(a.woken().await && both.woken().await);
        assert!(!is_woken(&mut other).await && !is_woken(&mut a).await);
        hub.wake(&order("b"));
        assert!(both.woken().await);
    }

    #[tokio::test]
    async fn a_wake_before_the_wait_is_not_lost_and_many_are_as_one() {
        let hub = Hub::new(Limits::default());
        let mut listener = hub.listen(order("a"), None, None).unwrap();
        for _ in 0..10 {
            hub.wake(&order("a"));
        }
        assert!(listener.woken().await);
        // At most one more, for the wake that was kept; then silence.
        let _ = is_woken(&mut listener).await;
        assert!(!is_woken(&mut listener).await);
    }

    #[test]
    fn caps_hold_and_room_comes_back() {
        let hub = small();
        let local = |n| Some(IpAddr::from([192, 0, 2, n]));
        let first = hub.listen(order("a"), None, local(1)).unwrap();
        assert!(hub.listen(order("b"), None, local(1)).is_none(), "one from each client");
        let _second = hub.listen(order("a"), None, local(2)).unwrap();
        assert!(hub.listen(order("a"), None, None).is_none(), "two for each topic");
        assert!(hub.listen(order("b"), Some(order("a")), None).is_none(), "in whatever place");
        let _third = hub.listen(order("b"), None, None).unwrap();
        assert!(hub.listen(order("c"), None, None).is_none(), "three in all");
        drop(first);
        assert!(hub.listen(order("a"), None, local(1)).is_some());
    }

    #[test]
    fn the_last_listener_takes_the_topic_with_it() {
        let hub = Hub::new(Limits::default());
        let client = Some(IpAddr::from([192, 0, 2, 1]));
        let one = hub.listen(order("a"), Some(order("b")), client).unwrap();
        let two = hub.listen(order("a"), None, client).unwrap();
        assert_eq!(hub.stats(), Stats { parked: 2, topics: 2 });
        drop(one);
        assert_eq!(hub.stats(), Stats { parked: 1, topics: 1 });
        drop(two);
        assert_eq!(hub.stats(), Stats::default());
        assert!(hub.state().clients.is_empty());
    }

    #[tokio::test]
    async fn the_sender_of_webhooks_misses_no_wake_and_is_no_request() {
        let hub = small();
        hub.wake(&Topic::Webhooks);
        hub.wake(&Topic::Webhooks);
        hub.webhooks_changed().await;
        assert!(timeout(Duration::from_millis(20), hub.webhooks_changed()).await.is_err());
        assert_eq!(hub.stats(), Stats::default());
    }

    #[tokio::test]
    async fn closing_ends_every_wait_and_begins_none() {
        let hub = Hub::new(Limits::default());
        let mut one = hub.listen(order("a"), Some(order("b")), None).unwrap();
        hub.close();
        assert!(!one.woken().await);
        assert!(hub.listen(order("a"), None, None).is_none());
        drop(one);
        assert_eq!(hub.stats(), Stats::default());
    }
}
