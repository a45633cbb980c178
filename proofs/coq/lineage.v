(* Lineages: what is alive at generation t, and every moment, by looking back at ancestors.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   occupancy n m a g is E g(A), A the number of occupied bins after m more balls, thrown one by one
   into n bins of which a are occupied: the next ball falls into an occupied bin with chance a/n.
   ancestors [b_1; ...; b_j] m g is E g(A) for the chain that throws m balls into b_1 bins, as many
   balls as there are occupied bins into b_2 bins, and so on. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import expectation moments.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Chain.
Variable R : realFieldType.
Implicit Types (g h : nat -> R) (bins : seq nat).

Fixpoint occupancy (n m a : nat) g : R :=
  if m is m'.+1
  then (a%:R / n%:R) * occupancy n m' a g + (1 - a%:R / n%:R) * occupancy n m' a.+1 g
  else g a.

Fixpoint ancestors bins (m : nat) g : R :=
  if bins is n :: earlier then occupancy n m 0 (fun a => ancestors earlier a g) else g m.

Lemma occupancy_ext n m a g h : g =1 h -> occupancy n m a g = occupancy n m a h.
Proof. by move=> gh; elim: m a => [|m IH] a /=; rewrite ?gh ?IH. Qed.

Lemma ancestors_ext bins m g h : g =1 h -> ancestors bins m g = ancestors bins m h.
Proof.
by move=> gh; elim: bins m => [|n bins IH] m /=; rewrite ?gh //; apply: occupancy_ext => a.
Qed.

End Chain.

Section Duality.
Variables (R : realFieldType) (K : finType).
Implicit Types (p q : {ffun K -> R}) (S : pred K) (ns : seq nat).
Let avg := replace_averages R K.

Lemma mass_phat n (s : {ffun 'I_n -> K}) S :
  mass (phat R s) S = (\sum_(i < n) (S (s i))%:R) / n%:R.
Proof. by rewrite -mean_mass mean_phat. Qed.

Lemma shared_bins (u v x y : R) : u != 0 ->
  u^-1 * (v * x + (u - v) * y) = v / u * x + (1 - v / u) * y.
Proof. by move=> u0; field. Qed.

Lemma step_power n p S m (B : {set 'I_n}) : (0 < n)%N -> law p ->
  iid p (fun s : {ffun 'I_n -> K} => mass (phat R s) S ^+ m * \prod_(i in B) (S (s i))%:R)
  = occupancy n m #|B| (fun a => mass p S ^+ a).
Proof.
move=> n0 lp; have n0R := nR_neq0 R n0.
elim: m B => [|m IH] B.
  pose G (i : 'I_n) (k : K) : R := if i \in B then (S k)%:R else 1.
  rewrite /iid (@draws_eq _ _ _ _ _ (fun s => \prod_i G i (s i))) => [|s]; last first.
    by rewrite expr0 mul1r big_mkcond.
  rewrite independence (eq_bigr (fun i => if i \in B then mass p S else 1)) => [|i _].
    by rewrite -big_mkcond prodr_const.
  rewrite /G; case: ifP => _; first exact: mean_mass.
  by rewrite -[RHS](proj2 lp); apply: eq_bigr => k _; rewrite mulr1.
pose F (C : {set 'I_n}) (s : {ffun 'I_n -> K}) : R :=
  mass (phat R s) S ^+ m * \prod_(i in C) (S (s i))%:R.
pose W (i : 'I_n) := if i \in B then F B else F (i |: B).
rewrite /iid (@draws_eq _ _ _ _ _ (fun s => n%:R^-1 * \sum_i W i s)) => [|s]; last first.
  rewrite exprS -mulrA {1}mass_phat mulrAC mulrC; congr (_ * _).
  rewrite big_distrl; apply: eq_bigr => i _ /=; rewrite /W.
  case: ifP => iB; rewrite /F mulrCA; congr (_ * _).
    by rewrite (bigD1 i) //= mulrA -natrM mulnb andbb.
  by rewrite big_setU1 ?iB.
rewrite draws_scale draws_sum (bigID (mem B)) /=.
rewrite (eq_bigr (fun=> occupancy n m #|B| (fun a => mass p S ^+ a))) => [|i iB]; last first.
  by rewrite /W iB -(IH B).
rewrite [X in _ + X](eq_bigr (fun=> occupancy n m #|B|.+1 (fun a => mass p S ^+ a))) => [|i iB].
  rewrite !sumr_const; set x := occupancy _ _ _ _; set y := occupancy _ _ _ _.
  have -> : #|[pred i : 'I_n | i \notin B]| = (n - #|B|)%N.
    by apply/(@addnI #|B|); rewrite subnKC ?(cardC (mem B)) ?card_ord // -[X in (_ <= X)%N](card_ord n) max_card.
  have le : (#|B| <= n)%N by rewrite -[X in (_ <= X)%N](card_ord n) max_card.
  have e (c : nat) (z : R) : z *+ c = (c%:R : R) * z by rewrite mulr_natl.
  have -> : y *+ (n - #|B|) = ((n%:R : R) - (#|B|%:R : R)) * y by rewrite e natrB.
  rewrite (e #|B| x).
  exact: shared_bins.
have -> : #|B|.+1 = #|i |: B| by rewrite cardsU1 iB.
by rewrite /W (negPf iB); apply: IH.
Qed.

Lemma step_moment n p S m : (0 < n)%N -> law p ->
  replace_step n p (fun q => mass q S ^+ m) = occupancy n m 0 (fun a => mass p S ^+ a).
Proof.
move=> n0 lp; rewrite -[X in occupancy _ _ X](cards0 [finType of 'I_n]) -step_power //; apply: draws_eq => s.
by rewrite big_set0 mulr1.
Qed.

Lemma nest_occupancy ns p n m a (f : nat -> {ffun K -> R} -> R) : all positive ns -> law p ->
  replace ns p (fun q => occupancy n m a (fun b => f b q))
  = occupancy n m a (fun b => replace ns p (f b)).
Proof.
move=> gns lp; elim: m a => [|m IH] a //=.
by rewrite /replace (nest_linear avg) // (nest_scale avg) // -!(IH _ : nest _ _ _ _ = _).
Qed.

(* Moment duality: E q_t(S)^m = E p(S)^A, where m balls fall into n_t bins, the occupied ones into
   n_{t-1} bins, ..., into n_1, and A is the number occupied at last. Any set S, any sizes.
   Ledger: categorical_replace_frequency_cubed, categorical_replace_support_law. *)
Theorem moment_duality ns p S m : all positive ns -> law p ->
  replace ns p (fun q => mass q S ^+ m) = ancestors (rev ns) m (fun a => mass p S ^+ a).
Proof.
elim/last_ind: ns m => [|ns n IH] m //; rewrite all_rcons => /andP[n0 gns] lp.
rewrite rev_rcons /= /replace (nest_rcons avg) ?all_rcons ?n0 //.
rewrite (@nest_ext _ _ _ _ _ _ avg _ _ _ (fun q => occupancy n m 0 (fun a => mass q S ^+ a))) //.
  by rewrite -/replace (nest_occupancy _ _ _ _ gns lp : nest _ _ _ _ = _); apply: occupancy_ext => a; apply: IH.
by move=> q lq; apply: step_moment.
Qed.

Lemma step_lost n p S : (0 < n)%N -> law p ->
  replace_step n p (fun q => (mass q S == 0)%:R) = (1 - mass p S) ^+ n.
Proof.
move=> n0 lp; rewrite /replace_step /iid.
rewrite (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} => \prod_(i < n) (predC S (s i))%:R)).
  rewrite (independence (fun _ => p) (fun _ k => (predC S k)%:R)) prodr_const card_ord.
  by rewrite mean_mass mass_predC.
move=> s; rewrite mass_phat mulf_eq0 invr_eq0 (negPf (nR_neq0 R n0)) orbF.
rewrite psumr_eq0 => [|i _]; last by rewrite ler0n.
have [/allP H|/allPn [i _ H]] := boolP (all _ _).
  rewrite big1 // => i _; have := H i (mem_index_enum i).
  by rewrite pnatr_eq0 /=; case: (S (s i)).
rewrite (bigD1 i) //=; move: H; rewrite pnatr_eq0 /=.
by case: (S (s i)); rewrite ?mul0r.
Qed.

(* The lineage law: P(no label of S is alive at t) = E (1 - p(S))^A, where A = A_{t-1}: n_t balls fall
   into n_{t-1} bins, the occupied ones into n_{t-2} bins, ..., into n_1. Any K, any set, any sizes.
   Ledger: categorical_replace_support, categorical_replace_support_law. *)
Theorem lineage_duality ns n p S : all positive (rcons ns n) -> law p ->
  replace (rcons ns n) p (fun q => (mass q S == 0)%:R)
  = ancestors (rev ns) n (fun a => (1 - mass p S) ^+ a).
Proof.
move=> gns lp; move: (gns); rewrite all_rcons => /andP[n0 gns'].
rewrite /replace (nest_rcons avg) //.
rewrite (@nest_ext _ _ _ _ _ _ avg _ _ _ (fun q => mass q (predC S) ^+ n)) //.
  rewrite (moment_duality (predC S) n gns' lp : nest _ _ _ _ = _).
  by apply: ancestors_ext => a; rewrite mass_predC.
by move=> q lq; rewrite step_lost // mass_predC.
Qed.

(* One label: P(k lost by t) = E (1 - p_k)^A.
   Ledger: categorical_replace_support. *)
Theorem lost_by ns n p k : all positive (rcons ns n) -> law p ->
  replace (rcons ns n) p (fun q => (q k == 0)%:R) = ancestors (rev ns) n (fun a => (1 - p k) ^+ a).
Proof.
move=> gns lp; rewrite -[p k]mass1 -lineage_duality //.
by apply: (nest_ext avg) => // q _; rewrite mass1.
Qed.

(* Labels alive, each with a weight of its own (1 for words, p_k for their original mass, a share of
   a group for survival by rank): E sum_k w_k 1[q_t(k) > 0] = sum_k w_k (1 - E (1 - p_k)^A).
   Ledger: categorical_replace_support, categorical_replace_surviving_mass,
   categorical_replace_survival_by_rank. *)
Theorem weighted_survival ns n p (w : K -> R) : all positive (rcons ns n) -> law p ->
  replace (rcons ns n) p (fun q => \sum_k (w k * (0 < q k)%R%:R))
  = \sum_k (w k * (1 - ancestors (rev ns) n (fun a => (1 - p k) ^+ a))).
Proof.
move=> gns lp; rewrite /replace (nest_sum avg) //; apply: eq_bigr => k _.
rewrite (nest_scale avg) //; congr (_ * _).
rewrite (@nest_ext _ _ _ _ _ _ avg _ _ _ (fun q => (-1) * (q k == 0)%:R + 1)) //.
  by rewrite (nest_affine avg) // (lost_by k gns lp : nest _ _ _ _ = _) mulN1r addrC.
move=> q [q0 _]; rewrite lt0r q0 andbT.
by case: (q k == 0); rewrite /= ?mulr1 ?mulr0 ?addNr ?add0r.
Qed.

(* Third moment after one generation:
   E phat_k^3 = p/n^2 + 3 (1 - 1/n) p^2 / n + (1 - 1/n)(1 - 2/n) p^3, p = p_k.
   Ledger: categorical_replace_frequency_cubed. *)
Theorem third_moment n p k : (0 < n)%N -> law p ->
  iid p (fun s : {ffun 'I_n -> K} => phat R s k ^+ 3)
  = p k / n%:R ^+ 2 + 3%:R * (1 - n%:R^-1) * (p k ^+ 2 / n%:R)
    + (1 - n%:R^-1) * (1 - 2%:R / n%:R) * p k ^+ 3.
Proof.
move=> n0 lp; have := @step_moment n p (pred1 k) 3 n0 lp; rewrite /= mass1 /replace_step /iid => H.
rewrite (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} => mass (phat R s) (pred1 k) ^+ 3)) => [|s].
  by rewrite H; field; apply: nR_neq0.
by rewrite mass1.
Qed.

(* Third moment at generation t, for any sizes: E q_t(k)^3 = E p^A with three balls, and
   = p - (3/2) p(1-p) L2 + (p^3 - p + (3/2) p(1-p)) L3, L2 = prod_s (1 - 1/n_s),
   L3 = prod_s (1 - 1/n_s)(1 - 2/n_s).
   Ledger: categorical_replace_frequency_cubed. *)
Theorem frequency_cubed ns p k : all positive ns -> law p ->
  let x := p k in
  let L2 := \prod_(n <- ns) (1 - n%:R^-1) in
  let L3 := \prod_(n <- ns) ((1 - n%:R^-1) * (1 - 2%:R / n%:R)) in
  replace ns p (fun q => q k ^+ 3) = ancestors (rev ns) 3 (fun a => x ^+ a) /\
  replace ns p (fun q => q k ^+ 3)
  = x - 3%:R / 2%:R * (x * (1 - x)) * L2 + (x ^+ 3 - x + 3%:R / 2%:R * (x * (1 - x))) * L3.
Proof.
move=> gns lp x L2 L3; split.
  rewrite /x -[p k]mass1 -moment_duality //.
  by apply: (nest_ext avg) => // q _; rewrite mass1.
pose u q := q k ^+ 3 + (- (3%:R / 2%:R) * q k ^+ 2 + 2%:R^-1 * q k) : R.
have U : replace ns p u = L3 * u p.
  apply: (nest_product avg) => // n q n0 lq.
  have n0R := nR_neq0 R n0.
  have T := third_moment k n0 lq; have D := second_moment n0 lq k.
  have F := frequency_unbiased n0 lq k; rewrite /iid in T D F.
  rewrite /replace_step /iid /u.
  rewrite (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} => 1 * phat R s k ^+ 3
    + ((- (3%:R / 2%:R)) * phat R s k ^+ 2 + 2%:R^-1 * phat R s k))) => [|s]; last by rewrite mul1r.
  rewrite !draws_linear draws_scale T D F.
  by field; apply: n0R.
have C : replace ns p (fun q => q k ^+ 3)
         = replace ns p u + (3%:R / 2%:R * replace ns p (fun q => q k ^+ 2) - 2%:R^-1 * x).
  rewrite -[x in RHS](frequency_martingale gns lp k) /replace -(nest_scale avg) // -mulNr.
  rewrite -[in X in _ = _ + (_ + X)](nest_scale avg) // -!(nest_add avg) //.
  by apply: (nest_ext avg) => // q _; rewrite /u; field.
by rewrite C U (frequency_squared gns lp k) -/L2 -/x /u -/x; field.
Qed.

End Duality.

Print Assumptions moment_duality.
Print Assumptions lineage_duality.
Print Assumptions lost_by.
Print Assumptions weighted_survival.
Print Assumptions third_moment.
Print Assumptions frequency_cubed.
