(* The Bregman and entropy identities on the finite simplex, under replace with any schedule.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   F is any function of a law. G, any vector, stands for its gradient at p: where F is differentiable
   and G is the gradient, F(q) - F(p) - sum_k G_k (q_k - p_k) is the Bregman divergence. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import expectation moments tails.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Bregman.
Variables (R : realFieldType) (K : finType).
Implicit Types (p q : {ffun K -> R}) (ns : seq nat) (F : {ffun K -> R} -> R) (G : K -> R).
Let avg := replace_averages R K.

Definition tangent G p q : R := \sum_k (G k * (q k - p k)).
Definition bregman F G p q : R := F q - F p - tangent G p q.

(* G supports F at p: F lies above its tangent. A convex F is supported at every law. *)
Definition supports F G p : Prop := forall q, law q -> F p + tangent G p q <= F q.

Lemma mean_tangent G p ns : all positive ns -> law p -> replace ns p (tangent G p) = 0.
Proof.
move=> gns lp; rewrite /replace /tangent (nest_sum avg) // big1 // => k _.
rewrite (nest_scale avg) // (@nest_ext _ _ _ _ _ _ avg _ _ _ (fun q => 1 * q k + (- p k))) //.
  by rewrite (nest_affine avg) // (frequency_martingale gns lp k : nest _ _ _ _ = _) mul1r subrr mulr0.
by move=> q _; rewrite mul1r.
Qed.

(* The Bregman identity: E D_F(q_t, p) = E F(q_t) - F(p), any F, any sizes.
   Ledger: entropy_balance. *)
Theorem bregman_identity F G p ns : all positive ns -> law p ->
  replace ns p (bregman F G p) = replace ns p F - F p.
Proof.
move=> gns lp.
rewrite /replace (@nest_ext _ _ _ _ _ _ avg _ _ _ (fun q => -1 * tangent G p q + (F q + (- F p)))) //.
  rewrite (nest_linear avg) // (mean_tangent G gns lp : nest _ _ _ _ = _) mulr0 add0r.
  by rewrite (nest_add avg) // (nest_const avg).
by move=> q _; rewrite /bregman mulN1r addrC.
Qed.

(* Every convex functional grows: if F is supported at p, then F(p) <= E F(q_t).
   Ledger: entropy_balance. *)
Theorem convex_grows F G p ns : all positive ns -> law p -> supports F G p -> F p <= replace ns p F.
Proof.
move=> gns lp H; rewrite -subr_ge0 -(bregman_identity F G gns lp).
rewrite -[X in X <= _](nest_const avg 0 gns lp); apply: replace_le => // q lq.
by rewrite /bregman -addrA -opprD subr_ge0 H.
Qed.

(* And at every generation: E F(q_t) <= E F(q_{t+1}) if F is supported at every law.
   Ledger: entropy_balance. *)
Theorem convex_grows_each_generation F (G : {ffun K -> R} -> K -> R) p ns n :
  all positive (rcons ns n) -> law p -> (forall q, law q -> supports F (G q) q) ->
  replace ns p F <= replace (rcons ns n) p F.
Proof.
move=> g lp H; move: (g); rewrite all_rcons => /andP[n0 gns].
rewrite [X in _ <= X](nest_rcons avg) //; apply: replace_le => // q lq.
have := @convex_grows F (G q) q [:: n]; rewrite /= n0 /=; apply=> //.
exact: H.
Qed.

Section Entropy.
Variable log : R -> R.

Definition entropy q : R := - (\sum_k (q k * log (q k))).
Definition divergence q p : R := \sum_k (q k * (log (q k) - log (p k))).

(* The entropy identity, for any function in the place of the logarithm:
   E (H(q_t) + KL(q_t || p)) = H(p): the divergence from the truth is the entropy lost.
   Ledger: entropy_balance. *)
Theorem entropy_identity p ns : all positive ns -> law p ->
  replace ns p (fun q => entropy q + divergence q p) = entropy p.
Proof.
move=> gns lp.
rewrite /replace (@nest_ext _ _ _ _ _ _ avg _ _ _ (fun q => \sum_k (- log (p k)) * q k)) //.
  rewrite (nest_sum avg) // /entropy -sumrN; apply: eq_bigr => k _.
  by rewrite (nest_scale avg) // (frequency_martingale gns lp k : nest _ _ _ _ = _) mulNr mulrC.
move=> q _; rewrite /entropy /divergence -sumrN -big_split /=; apply: eq_bigr => k _.
by ring.
Qed.

End Entropy.
End Bregman.

Print Assumptions bregman_identity.
Print Assumptions convex_grows.
Print Assumptions convex_grows_each_generation.
Print Assumptions entropy_identity.
