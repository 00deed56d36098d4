//! Does the embedded engine do right in each scenario?

use antflow_tests::cluster_scenarios;
use antflow_tests::scenarios::Ground;
use antflow_tests::scenarios::engines::{File, InProcess};

async fn embedded() -> Ground {
    Ground::of(File::new(), InProcess::default()).await
}

cluster_scenarios!(super::embedded);
