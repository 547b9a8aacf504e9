//! etcdctl and etcdutl.
