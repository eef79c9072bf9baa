use super::{
    Owner, RefreshCandidate,
    document::Document,
    entities::{AccessToken, RefreshToken},
    section::At,
};

/// What is known of an application's family.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Family {
    Member(String),
    /// It has no family, or has left it.
    None,
    /// The application was never seen here.
    Unknown,
}

/// The only family that Entra ID has.
const FAMILY: &str = "1";

impl Document {
    pub(super) fn access_token<S: AsRef<str>>(
        &self,
        owner: Owner<'_>,
        realm: &str,
        scopes: &[S],
        now: i64,
    ) -> Option<&AccessToken> {
        let mut best: Option<&AccessToken> = None;
        for environment in owner.environments() {
            let place = At([owner.home_account_id, environment, owner.client_id, realm]);
            let candidates = self.access_tokens.at(place);
            let here = candidates.filter(|token| token.answers(scopes));
            best = here.chain(best).max_by_key(|token| token.expires_on);
            // Nearly always the first one has it.
            if best.is_some_and(|token| token.expires_on > now) {
                break;
            }
        }
        best
    }

    /// The person's token that is this text.
    pub(super) fn access_token_by_secret(
        &self,
        owner: Owner<'_>,
        secret: &str,
    ) -> Option<&AccessToken> {
        let mut tokens = self.access_tokens.entities();
        tokens.find(|token| {
            token.is_of(owner.home_account_id, owner.client_id) && token.secret.expose() == secret
        })
    }

    pub(super) fn has_any_token(&self, owner: Owner<'_>) -> bool {
        let (home, client) = (owner.home_account_id, owner.client_id);
        let mut access_tokens = self.access_tokens.entities();
        let mut bound = self.bound_access_tokens.entities();
        let mut id_tokens = self.id_tokens.entities();
        access_tokens.any(|token| token.is_of(home, client))
            || bound.any(|bound| bound.token.is_of(home, client))
            || id_tokens.any(|token| token.is_of(home, client))
    }

    /// The tenant id that stands behind a name, as far as a token tells that was asked for by it.
    pub(super) fn tenant_id_of(&self, owner: Owner<'_>, name: &str) -> Option<&str> {
        let mut tokens = self.access_tokens.entities().filter(|token| {
            token.is_of(owner.home_account_id, owner.client_id)
                && token.asked_tenant().is_some_and(|asked| asked == name)
        });
        tokens.next().map(AccessToken::realm)
    }

    /// Every refresh token of the person, whichever application it was given to.
    pub(super) fn refresh_tokens_of(
        &self,
        owner: Owner<'_>,
    ) -> impl Iterator<Item = &RefreshToken> {
        owner.environments().flat_map(move |environment| {
            let place = At::person(owner.home_account_id, environment);
            self.refresh_tokens.at(place)
        })
    }

    pub(super) fn refresh_candidates<'a>(
        &'a self,
        owner: Owner<'a>,
        family: &'a Family,
        cae: bool,
    ) -> impl Iterator<Item = RefreshCandidate> + 'a {
        self.refresh_tokens_of(owner).filter_map(move |token| {
            let is_own = token.client_id.eq_ignore_ascii_case(owner.client_id);
            (is_own || family.takes(token.family_id.as_deref())).then(|| RefreshCandidate {
                secret: token.secret.clone(),
                cae,
                is_own,
                written_on: token.last_modification_time,
            })
        })
    }

    /// The configured host; an alias, where the person is known under that one only.
    pub(super) fn environment_of<'a>(&self, owner: Owner<'a>) -> &'a str {
        let known = owner.environments().find(|environment| {
            let place = At::person(owner.home_account_id, environment);
            self.accounts.at(place).next().is_some()
                || self.refresh_tokens.at(place).next().is_some()
        });
        known.unwrap_or(owner.environment)
    }

    pub(super) fn family(&self, owner: Owner<'_>) -> Family {
        let metadata = owner.environments().find_map(|environment| {
            let place = At(["", environment, owner.client_id, ""]);
            self.app_metadata.at(place).next()
        });
        let mut own = self
            .refresh_tokens_of(owner)
            .filter(|token| token.client_id.eq_ignore_ascii_case(owner.client_id));
        match metadata.map(|metadata| &metadata.family_id) {
            Some(None) => Family::None,
            Some(Some(family)) => Family::Member(family.clone()),
            // Not every library writes the metadata.
            None => match own.find_map(|token| token.family_id.clone()) {
                Some(family) => Family::Member(family),
                None => Family::Unknown,
            },
        }
    }

    /// This application, and those that share its refresh tokens.
    pub(super) fn family_of(&self, owner: Owner<'_>, family: &Family) -> Vec<String> {
        let mut clients = vec![owner.client_id.to_owned()];
        let Family::Member(family) = family else {
            return clients;
        };
        let metadata = self.app_metadata.entities();
        clients.extend(
            metadata
                .filter(|other| other.family_id.as_ref() == Some(family))
                .map(|other| other.client_id.clone()),
        );
        clients.extend(
            self.refresh_tokens_of(owner)
                .filter(|token| token.family_id.as_ref() == Some(family))
                .map(|token| token.client_id.clone()),
        );
        clients
    }
}

impl Family {
    fn takes(&self, family_id: Option<&str>) -> bool {
        match (self, family_id) {
            (Self::Member(own), Some(theirs)) => own == theirs,
            // An application that was never seen may be of the family, and finds out by trying.
            (Self::Unknown, Some(theirs)) => theirs == FAMILY,
            (Self::None, _) | (_, None) => false,
        }
    }
}
