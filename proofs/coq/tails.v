(* Words missed, words lost for ever, and how likely collapse is.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   q_t is the law fitted at generation t under replace, n_s the draws of generation s. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import expectation moments lineage.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Tails.
Variables (R : realFieldType) (K : finType).
Implicit Types (p q : {ffun K -> R}) (ns : seq nat) (f g : {ffun K -> R} -> R).
Let avg := replace_averages R K.

(* A sample misses a label: P(phat_k = 0) = (1 - p_k)^n.
   Ledger: categorical_kept_support. *)
Theorem missed_probability n p k : (0 < n)%N -> law p ->
  iid p (fun s : {ffun 'I_n -> K} => (phat R s k == 0)%:R) = (1 - p k) ^+ n.
Proof.
move=> n0 lp; have := step_lost (pred1 k) n0 lp; rewrite mass1 => <-.
by apply: draws_eq => s; rewrite mass1.
Qed.

(* Labels that one sample misses: E #{k : phat_k = 0} = sum_k (1 - p_k)^n.
   Ledger: categorical_kept_support. *)
Theorem expected_losses n p : (0 < n)%N -> law p ->
  iid p (fun s : {ffun 'I_n -> K} => \sum_k (phat R s k == 0)%:R) = \sum_k (1 - p k) ^+ n.
Proof.
move=> n0 lp; rewrite /iid draws_sum; apply: eq_bigr => k _.
exact: missed_probability.
Qed.

Lemma still_lost ns p k : all positive ns -> law p -> p k = 0 ->
  replace ns p (fun q => (q k == 0)%:R) = 1.
Proof.
case/lastP: ns => [|ns n] gns lp pk; first by rewrite /replace /= pk eqxx.
rewrite lost_by // pk subr0.
rewrite (@ancestors_ext _ _ _ _ (fun=> 1)) => [|a]; last by rewrite expr1n.
elim: (rev ns) n {gns} => [|m bins IH] n //=.
rewrite (@occupancy_ext _ _ _ _ _ (fun=> 1)) => [|a]; last exact: IH.
elim: n 0%N => [|n IHn] a //=; rewrite !IHn !mulr1; by rewrite addrC subrK.
Qed.

(* What is lost stays lost: P(q_s(k) = 0 and q_t(k) > 0) = 0 for s <= t, any sizes.
   Ledger: categorical_lost_stays_lost. *)
Theorem lost_stays_lost before after p k : all positive (before ++ after) -> law p ->
  replace before p (fun q => (q k == 0)%:R * replace after q (fun r => (0 < r k)%R%:R)) = 0.
Proof.
rewrite all_cat => /andP[gb ga] lp.
rewrite -[RHS](nest_const avg 0 gb lp); apply: (nest_ext avg) => // q lq.
have [q0|_] := eqVneq (q k) 0; last by rewrite mul0r.
rewrite mul1r /replace (@nest_ext _ _ _ _ _ _ avg _ _ _ (fun r => -1 * (r k == 0)%:R + 1)) //.
  by rewrite (nest_affine avg) // (still_lost ga lq q0 : nest _ _ _ _ = _) mulr1 addNr.
move=> r [r0 _]; rewrite lt0r r0 andbT.
by case: (r k == 0); rewrite /= ?mulr1 ?mulr0 ?addNr ?add0r.
Qed.

Lemma replace_le ns p f g : all positive ns -> law p ->
  (forall q, law q -> f q <= g q) -> replace ns p f <= replace ns p g.
Proof.
elim: ns p => [|n ns IH] p /= => [_|/andP[n0 gns]] lp fg; first exact: fg.
apply: ler_sum => s _; apply: ler_wpmul2l; first by apply: prodr_ge0 => i _; case: lp.
exact: (IH _ gns (phat_law R s n0) fg).
Qed.

(* Markov's bound: P(f(q_t) >= e) <= E f(q_t) / e for f >= 0 and e > 0, any sizes.
   Ledger: categorical_replace_heterozygosity. *)
Theorem markov_bound ns p f e : all positive ns -> law p -> 0 < e ->
  (forall q, law q -> 0 <= f q) ->
  replace ns p (fun q => (e <= f q)%R%:R) <= replace ns p f / e.
Proof.
move=> gns lp e0 f0; rewrite mulrC -(nest_scale avg) //.
apply: replace_le => // q lq; rewrite mulrC ler_pdivl_mulr //.
by case: (leP e (f q)) => [|_]; rewrite ?mul1r ?mul0r // f0.
Qed.

Lemma law_le1 p k : law p -> p k <= 1.
Proof.
by case=> p0 p1; rewrite -p1 (bigD1 k) //= ler_addl sumr_ge0.
Qed.

Lemma heterozygosity_ge0 p : law p -> 0 <= heterozygosity p.
Proof.
move=> lp; rewrite subr_ge0 -(proj2 lp); apply: ler_sum => k _.
by rewrite expr2 ler_pimulr ?law_le1 //; case: lp.
Qed.

(* Diversity is likely small: P(H(q_t) >= e) <= H(p) prod_s (1 - 1/n_s) / e.
   Ledger: categorical_replace_heterozygosity. *)
Theorem diversity_tail ns p e : all positive ns -> law p -> 0 < e ->
  replace ns p (fun q => (e <= heterozygosity q)%R%:R)
  <= (heterozygosity p * \prod_(n <- ns) (1 - n%:R^-1)) / e.
Proof.
move=> gns lp e0; rewrite -heterozygosity_decay //.
by apply: markov_bound => // q; apply: heterozygosity_ge0.
Qed.

Definition point_mass p : bool := [exists k, p k == 1].

Lemma heterozygosity_ge p k : law p -> 2%:R * (p k * (1 - p k)) <= heterozygosity p.
Proof.
move=> lp; rewrite /heterozygosity (bigD1 k) //=.
have rest : \sum_(l | l != k) p l = 1 - p k.
  by apply/eqP; rewrite eq_sym subr_eq addrC -(proj2 lp) (bigD1 k).
set T := \sum_(l | l != k) _.
have : T <= (1 - p k) * (1 - p k).
  rewrite -[X in X * _]rest big_distrl /=; apply: ler_sum => l lk.
  rewrite expr2; apply: ler_wpmul2l; first by case: lp.
  by rewrite -rest (bigD1 l) //= ler_addl sumr_ge0 // => j _; case: lp.
clearbody T; move: (p k) => x; rewrite -subr_ge0 => H; rewrite -subr_ge0.
have -> // : 1 - (x ^+ 2 + T) - 2%:R * (x * (1 - x)) = (1 - x) * (1 - x) - T by ring.
Qed.

Lemma of_counts (x y : R) : y != 0 -> x / y * (1 - x / y) * y ^+ 2 = x * (y - x).
Proof. by move=> y0; field. Qed.

Lemma inner_product (x y : R) : x * (y - x) - (y - 1) = (x - 1) * (y - 1 - x).
Proof. by ring. Qed.

Lemma sharp_factor (y : R) : y != 0 -> y - 1 != 0 ->
  y ^+ 2 / (2%:R * (y - 1)) * (2%:R * (y - 1) / y ^+ 2) = 1.
Proof. by move=> y0 y1; field; rewrite y0 y1. Qed.

Lemma sample_diversity n (s : {ffun 'I_n -> K}) : (1 < n)%N -> ~~ point_mass (phat R s) ->
  2%:R * (n%:R - 1) / n%:R ^+ 2 <= heterozygosity (phat R s).
Proof.
move=> n1; have n0 : (0 < n)%N by apply: ltn_trans n1.
have u0 : (0 : R) < n%:R by rewrite ltr0n.
case: n s n1 n0 u0 => // n s n1 n0 u0; rewrite negb_exists => /forallP noone.
pose k := s ord0; pose c := (\sum_(i < n.+1) (s i == k))%N.
have xE : phat R s k = c%:R / n.+1%:R by rewrite ffunE natr_sum.
have c1 : (0 < c)%N by rewrite /c big_ord_recl eqxx.
have cn : (c < n.+1)%N.
  rewrite ltn_neqAle; apply/andP; split.
    by apply: contra (noone k) => /eqP cn; rewrite xE cn mulfV // nR_neq0.
  rewrite -[n.+1 in X in (_ <= X)%N]card_ord -sum1_card; apply: leq_sum => i _; exact: leq_b1.
apply: le_trans (heterozygosity_ge k (phat_law R s n0)).
rewrite -mulrA ler_pmul2l ?ltr0n // xE ler_pdivr_mulr ?exprn_gt0 //.
have -> : c%:R / n.+1%:R * (1 - c%:R / n.+1%:R) * n.+1%:R ^+ 2 = c%:R * (n.+1%:R - c%:R) :> R.
  exact: of_counts (nR_neq0 R n0).
have a1 : (1 : R) <= c%:R by rewrite ler1n.
have a2 : (c%:R : R) <= n.+1%:R - 1 by rewrite ler_subr_addr -(natrD R c 1) ler_nat addn1.
rewrite -subr_ge0.
have -> : c%:R * (n.+1%:R - c%:R) - (n.+1%:R - 1) = (c%:R - 1) * (n.+1%:R - 1 - c%:R) :> R.
  exact: inner_product.
by rewrite mulr_ge0 // subr_ge0.
Qed.

(* How likely is it that more than one label is left: with n = n_t >= 2,
   P(q_t is no point mass) <= n^2 / (2 (n - 1)) * H(p) prod_s (1 - 1/n_s).
   Ledger: categorical_replace_support_law. *)
Theorem collapse_probability ns n p : all positive ns -> (1 < n)%N -> law p ->
  replace (rcons ns n) p (fun q => (~~ point_mass q)%:R)
  <= n%:R ^+ 2 / (2%:R * (n%:R - 1))
     * (heterozygosity p * \prod_(m <- rcons ns n) (1 - m%:R^-1)).
Proof.
move=> gns n1 lp; have n0 : (0 < n)%N by apply: ltn_trans n1.
have g : all positive (rcons ns n) by rewrite all_rcons gns andbT.
have d0 : (0 : R) < n%:R - 1 by rewrite subr_gt0 ltr1n.
have u0 : (0 : R) < n%:R by rewrite ltr0n.
rewrite -heterozygosity_decay // -(nest_scale avg) // /replace !(nest_rcons avg) //.
apply: replace_le => // q lq; rewrite /replace_step /iid; apply: ler_sum => s _.
apply: ler_wpmul2l; first by apply: prodr_ge0 => i _; case: lq.
have [pm|pm] := boolP (point_mass _).
  apply: mulr_ge0; last exact/heterozygosity_ge0/phat_law.
  by rewrite divr_ge0 ?exprn_ge0 ?mulr_ge0 ?ltW // ltr0n.
have := sample_diversity n1 pm; rewrite -(ler_pmul2l (_ : 0 < n%:R ^+ 2 / (2%:R * (n%:R - 1)))).
  apply: le_trans; rewrite le_eqVlt; apply/orP; left; apply/eqP.
  by rewrite sharp_factor // gt_eqF.
by rewrite divr_gt0 ?exprn_gt0 ?mulr_gt0 // ltr0n.
Qed.

End Tails.

Print Assumptions missed_probability.
Print Assumptions expected_losses.
Print Assumptions lost_stays_lost.
Print Assumptions markov_bound.
Print Assumptions diversity_tail.
Print Assumptions collapse_probability.
