use super::super::{messages::WebAccount, person::described};
use super::*;

#[test]
fn people_are_told_apart_by_object_and_tenant_or_by_their_personal_number() {
    for (members, home) in [
        (
            [("OID", OBJECT), ("TenantId", TENANT)].as_slice(),
            Some(account().home_account_id),
        ),
        (
            &[("SafeCustomerId", "540648EB0B3075BB")],
            Some(personal_account().home_account_id),
        ),
        (&[("SafeCustomerId", "540648EB0B3075B")], None),
        (&[("SafeCustomerId", "540648EB0B3075Bé")], None),
        (&[("OID", OBJECT)], None),
        (&[("OID", ""), ("TenantId", TENANT)], None),
        (&[("TenantId", TENANT)], None),
        (&[], None),
    ] {
        let written = WebAccount {
            id: "id".into(),
            username: "ada".into(),
            properties: properties(members),
        };
        let found = described(&written).map(|account| account.home_account_id);
        assert_eq!(found, home, "{members:?}");
    }
}
