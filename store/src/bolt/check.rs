//! The check of a whole file: what bbolt's own `check` command finds, this finds.

use super::cursor::{Pages, Value, Walk};
use super::format::{FIRST_DATA_PAGE, HEADER_BYTES, Kind, NO_FREE_LIST, u64_at};
use super::{BucketHandle, Error, Reader};

/// Buckets within buckets, at most; etcd nests one level.
const NESTING_MAX: usize = 64;
/// A free list page with this count keeps the true count in its first entry.
const COUNT_ELSEWHERE: u16 = u16::MAX;

impl Reader {
    /// Reads every page that the root reaches, and checks that each is used once, that keys are in
    /// order, and that the free list holds exactly the pages that nothing reaches.
    ///
    /// Returns the first contradiction found.
    pub fn check(&self) -> Result<(), Error> {
        let mut visited = Pages::default();
        self.check_bucket(&self.root(), &mut visited, 0)?;
        if self.meta().free_list != NO_FREE_LIST {
            self.check_free_list(&mut visited)?;
        }
        Ok(())
    }

    fn check_bucket(
        &self,
        bucket: &BucketHandle,
        visited: &mut Pages,
        nesting: usize,
    ) -> Result<(), Error> {
        if nesting > NESTING_MAX {
            let what = format!("buckets nested more than {NESTING_MAX} deep");
            return Err(self.damaged(bucket.page, what));
        }
        let mut walk = Walk::new(bucket);
        while let Some(entry) = walk.next(self, visited) {
            if let Value::Bucket(child) = entry?.value {
                self.check_bucket(&child, visited, nesting + 1)?;
            }
        }
        Ok(())
    }

    fn check_free_list(&self, visited: &mut Pages) -> Result<(), Error> {
        let list = self.meta().free_list;
        let page = self.page(list)?;
        if page.header.kind != Kind::FreeList {
            let what = format!("a {:?} page as free list", page.header.kind);
            return Err(self.damaged(list, what));
        }
        for part in 0..=u64::from(page.header.overflow) {
            if !visited.insert(list + part) {
                return Err(self.damaged(list + part, "multiple references"));
            }
        }
        let entries = page.bytes().slice(HEADER_BYTES..);
        let room = entries.len() as u64 / 8;
        let (skip, count) = match page.header.count {
            COUNT_ELSEWHERE => (1, u64_at(&entries, 0)),
            count => (0, u64::from(count)),
        };
        if count > room - skip {
            return Err(self.damaged(list, format!("{count} free pages do not fit")));
        }
        let mut free = Pages::default();
        for position in skip..skip + count {
            let id = u64_at(&entries, position as usize * 8);
            if !(FIRST_DATA_PAGE..self.meta().end).contains(&id) {
                return Err(self.damaged(id, "free, but out of range"));
            }
            if visited.contains(id) {
                return Err(self.damaged(id, "reachable freed"));
            }
            if !free.insert(id) {
                return Err(self.damaged(id, "already freed"));
            }
        }
        let lost = |id: &u64| !visited.contains(*id) && !free.contains(*id);
        match (FIRST_DATA_PAGE..self.meta().end).find(lost) {
            Some(id) => Err(self.damaged(id, "unreachable unfreed")),
            None => Ok(()),
        }
    }
}
