//! Tables of products that were read and wait for the shop to look at them, in memory and bounded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::till::ImportTable;
use taler::ids::InstanceId;

/// How many tables wait, and how long: while somebody looks at one. A table of ten thousand products takes a few
/// megabytes.
const MOST_TABLES: usize = 4;
const TABLE_LIFE: Duration = Duration::from_secs(15 * 60);

struct Waiting {
    mark: String,
    shop: InstanceId,
    since: Instant,
    table: Arc<ImportTable>,
}

/// Tables by marks that nobody can guess.
#[derive(Default)]
pub(super) struct Imports(Mutex<VecDeque<Waiting>>);

impl Imports {
    /// Keeps a table of `shop`; the oldest one goes if there are too many.
    pub(super) fn put(&self, mark: String, shop: InstanceId, table: ImportTable) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| one.since.elapsed() < TABLE_LIFE);
        while waiting.len() >= MOST_TABLES {
            waiting.pop_front();
        }
        let table = Arc::new(table);
        waiting.push_back(Waiting { mark, shop, since: Instant::now(), table });
    }

    /// The table of `shop` with this mark, if it waits still.
    pub(super) fn get(&self, mark: &str, shop: &InstanceId) -> Option<Arc<ImportTable>> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh = waiting.iter().filter(|one| one.since.elapsed() < TABLE_LIFE);
        let found = fresh.find(|one| one.mark == mark && one.shop == *shop);
        found.map(|one| Arc::clone(&one.table))
    }

    /// Forgets the table with this mark, which was taken over.
    pub(super) fn forget(&self, mark: &str) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| one.mark != mark);
    }
}

impl std::fmt::Debug for Imports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Imports({})", waiting.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_tables_wait_each_for_its_shop() {
        let (imports, shop) = (Imports::default(), InstanceId::admin());
        for number in 0..=MOST_TABLES {
            imports.put(number.to_string(), shop.clone(), ImportTable::new());
        }
        assert!(imports.get("0", &shop).is_none(), "the oldest one is gone");
        assert!(imports.get("1", &shop).is_some());
        assert!(imports.get("1", &InstanceId::parse("bar").unwrap()).is_none());
        imports.forget("1");
        assert!(imports.get("1", &shop).is_none());
        assert_eq!(format!("{imports:?}"), format!("Imports({})", MOST_TABLES - 1));
    }
}
