use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[tokio::test(start_paused = true)]
async fn what_fails_or_panics_is_started_again_after_growing_pauses() {
    let stop = CancellationToken::new();
    let starts = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    keep("test", stop.clone(), {
        let (stop, starts) = (stop.clone(), starts.clone());
        move || {
            let (stop, starts) = (stop.clone(), starts.clone());
            async move {
                match starts.fetch_add(1, Ordering::Relaxed) {
                    0 => Err(Error::Malformed("first".to_owned())),
                    1 => panic!("second"),
                    2 => Ok(()),
                    _ => {
                        stop.cancel();
                        Ok(())
                    }
                }
            }
        }
    })
    .await;
    assert_eq!(starts.load(Ordering::Relaxed), 4);
    assert_eq!(begin.elapsed().as_secs(), 1 + 2 + 4);
}

#[tokio::test]
async fn a_stop_ends_work_that_would_not_end() {
    let stop = CancellationToken::new();
    stop.cancel();
    assert!(until(&stop, std::future::pending()).await.is_ok());
}
