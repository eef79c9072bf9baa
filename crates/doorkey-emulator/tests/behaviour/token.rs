//! The token endpoint: every grant and every refusal.

use crate::client::*;

#[tokio::test]
async fn a_code_is_exchanged_for_tokens() {
    let emulator = emulator().await;
    let reply = signed_in(&emulator).await;
    let user = &emulator.users()[0];

    let access = reply.claims("access_token");
    assert_eq!(
        access["iss"],
        format!("https://sts.windows.net/{}/", user.tenant_id)
    );
}
