(* The Bregman and entropy identities on the finite simplex, under replace with any schedule.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   F is any function of a law. G, any vector, stands for its gradient at p: where F is differentiable
   and G is the gradient, F(q) - F(p) - sum_k G_k (q_k - p_k) is the Bregman divergence. The identity
   holds whatever G is. Growth asks for convexity alone: no gradient, no supporting slope (negative
   entropy has none where a label has no mass), so that it holds at every law, the boundary included. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import expectation moments tails fresh.

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

(* Convex on the simplex: F(a p + (1 - a) q) <= a F(p) + (1 - a) F(q). *)
Definition convex F : Prop := forall (a : R) p q, 0 <= a -> a <= 1 -> law p -> law q ->
  F (mix a p q) <= a * F p + (1 - a) * F q.

Section Jensen.
Variables (I : finType) (w : I -> R) (x : I -> {ffun K -> R}) (F : {ffun K -> R} -> R).
Hypotheses (w_ge0 : forall i, 0 <= w i) (x_law : forall i, law (x i)) (F_convex : convex F).

Definition combination (r : seq I) : {ffun K -> R} :=
  [ffun k => (\sum_(i <- r) w i * x i k) / \sum_(i <- r) w i].

Lemma jensen_step i r : 0 < \sum_(j <- r) w j ->
  combination (i :: r)
  = mix (w i / (w i + \sum_(j <- r) w j)) (x i) (combination r).
Proof.
move=> W0; apply/ffunP => k; rewrite !ffunE !big_cons.
move: (\sum_(j <- r) w j * x j k) (\sum_(j <- r) w j) W0 => c W W0.
have Z : w i + W != 0 by rewrite gt_eqF // ltr_paddl.
have : W != 0 by rewrite gt_eqF.
by move: Z; move: (w i) (x i k) => a b Z Wn0; field; apply/andP; split.
Qed.

Lemma no_weight r : \sum_(j <- r) w j = 0 -> forall c : I -> R, \sum_(j <- r) w j * c j = 0.
Proof.
move=> /eqP; rewrite psumr_eq0 => [/allP W0 c|i _]; last exact: w_ge0.
by rewrite big_seq big1 // => j jr; rewrite (eqP (implyP (W0 j jr) isT)) mul0r.
Qed.

Lemma jensen_over r : 0 < \sum_(i <- r) w i -> law (combination r) /\
  F (combination r) <= (\sum_(i <- r) w i * F (x i)) / \sum_(i <- r) w i.
Proof.
elim: r => [|i r IH]; first by rewrite big_nil ltxx.
have Wr : 0 <= \sum_(j <- r) w j by apply: sumr_ge0.
have [W0|/eqP Wn0] := eqVneq (\sum_(j <- r) w j) 0.
  rewrite !big_cons W0 (no_weight W0) !addr0 => wi.
  have -> : combination (i :: r) = x i.
    by apply/ffunP => k; rewrite ffunE !big_cons W0 (no_weight W0) !addr0 mulrC mulKf // gt_eqF.
  by split; [|rewrite mulrC mulKf // gt_eqF].
have {Wn0} W0 : 0 < \sum_(j <- r) w j by rewrite lt0r Wr andbT; apply/eqP.
have [lc Fc] := IH W0 => Z0; rewrite big_cons in Z0.
have a0 : 0 <= w i / (w i + \sum_(j <- r) w j) by rewrite divr_ge0 // ltW.
have a1 : w i / (w i + \sum_(j <- r) w j) <= 1 by rewrite ler_pdivr_mulr // mul1r ler_addl.
rewrite jensen_step //; split; first exact: mix_law.
apply: le_trans (F_convex a0 a1 (x_law i) lc) _.
apply: le_trans (ler_add (lexx _) (ler_wpmul2l _ Fc)) _; first by rewrite subr_ge0.
rewrite !big_cons le_eqVlt; apply/orP; left; apply/eqP.
move: (\sum_(j <- r) w j * F (x j)) (\sum_(j <- r) w j) W0 Z0 {Wr a0 a1 Fc} => c W W0 Z0.
have Z : w i + W != 0 by rewrite gt_eqF.
have : W != 0 by rewrite gt_eqF.
by move: Z; move: (w i) (F (x i)) => a b Z Wn0; field; apply/andP; split.
Qed.

(* Jensen on the simplex: F(sum_i w_i x_i) <= sum_i w_i F(x_i) for finitely many laws x_i, weights
   w_i >= 0 of sum 1 and F convex.
   Ledger: entropy_balance. *)
Theorem jensen : \sum_i w i = 1 ->
  F [ffun k => \sum_i w i * x i k] <= \sum_i w i * F (x i).
Proof.
move=> w1; have := jensen_over (_ : 0 < \sum_(i <- index_enum I) w i); rewrite w1 divr1 => H.
have [|_ +] := H; first exact: ltr01.
by congr (F _ <= _); apply/ffunP => k; rewrite !ffunE w1 divr1.
Qed.

End Jensen.

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

(* One refit: F(p) <= E F(phat) for every convex F, at every law p.
   Ledger: entropy_balance. *)
Theorem convex_grows_in_one_refit F n p : convex F -> law p -> (0 < n)%N ->
  F p <= iid p (fun s : {ffun 'I_n -> K} => F (phat R s)).
Proof.
move=> cF lp n0; have pi_law (i : 'I_n) : law p by [].
have w0 (s : {ffun 'I_n -> K}) : 0 <= \prod_(i < n) p (s i) by apply: prodr_ge0 => i _; case: lp.
have w1 : \sum_(s : {ffun 'I_n -> K}) \prod_(i < n) p (s i) = 1.
  by rewrite -[RHS](total_mass pi_law); apply: eq_bigr => s _; rewrite mulr1.
have := jensen w0 (fun s => phat_law R s n0) cF w1.
congr (F _ <= _); apply/ffunP => k; rewrite ffunE.
exact: (frequency_unbiased n0 lp k).
Qed.

(* Every generation: E F(q_t) <= E F(q_{t+1}) for every convex F, any sizes, any truth.
   Ledger: entropy_balance. *)
Theorem convex_grows_each_generation F p ns n : convex F -> all positive (rcons ns n) -> law p ->
  replace ns p F <= replace (rcons ns n) p F.
Proof.
move=> cF g lp; move: (g); rewrite all_rcons => /andP[n0 gns].
rewrite [X in _ <= X](nest_rcons avg) //; apply: replace_le => // q lq.
exact: convex_grows_in_one_refit.
Qed.

(* From the truth on: F(p) <= E F(q_t) for every convex F, any sizes, any truth.
   Ledger: entropy_balance. *)
Theorem convex_grows F p ns : convex F -> all positive ns -> law p -> F p <= replace ns p F.
Proof.
move=> cF + lp; elim/last_ind: ns => [|ns n IH] // g.
apply: le_trans (convex_grows_each_generation cF g lp); apply: IH.
by move: g; rewrite all_rcons => /andP[].
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

Print Assumptions jensen.
Print Assumptions bregman_identity.
Print Assumptions convex_grows_in_one_refit.
Print Assumptions convex_grows_each_generation.
Print Assumptions convex_grows.
Print Assumptions entropy_identity.
