//! etcd's official clients against the store.
