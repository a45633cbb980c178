(* The expectation over independent draws as a finite sum, and its nesting over generations.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   R is any ordered field, K any finite set of labels. A law is a function p on K with p >= 0 and
   sum_k p_k = 1. A sample is a map s from the n draws to labels; draw i has the law q_i:
     draws q f = sum_s (prod_i q_i(s_i)) f(s),        iid n p f: every q_i is p.
   phat s is the empirical law of s. A loop is an expectation nested over a schedule:
     nest step [n_1; ...; n_t] x f = step n_1 x (y -> nest step [n_2; ...; n_t] y f).
   `replace` draws n_s times from the latest model and fits the empirical law, s = 1..t.

   `averages` says that a step is a mean over states that keep an invariant. *)

From mathcomp Require Import all_ssreflect all_algebra ring.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Samples.
Variables (R : realFieldType) (K : finType).
Implicit Types p q : {ffun K -> R}.

Definition law p : Prop := (forall k, 0 <= p k) /\ \sum_k p k = 1.

Definition draws n (q : 'I_n -> {ffun K -> R}) (f : {ffun 'I_n -> K} -> R) : R :=
  \sum_(s : {ffun 'I_n -> K}) ((\prod_(i < n) q i (s i)) * f s).

Definition iid n p (f : {ffun 'I_n -> K} -> R) : R := draws (fun _ : 'I_n => p) f.

Definition phat n (s : {ffun 'I_n -> K}) : {ffun K -> R} :=
  [ffun k => (\sum_(i < n) (s i == k)%:R) / n%:R].

(* The mean of a real feature g of a label under p, and the mass of a set of labels. *)
Definition mean p (g : K -> R) : R := \sum_k (p k * g k).
Definition mass p (S : pred K) : R := \sum_(k | S k) p k.

Lemma nR_neq0 n : (0 < n)%N -> n%:R != 0 :> R.
Proof. by rewrite pnatr_eq0 -lt0n. Qed.

Lemma nR_gt0 n : (0 < n)%N -> 0 < n%:R :> R.
Proof. by rewrite ltr0n. Qed.

Section Draws.
Variables (n : nat) (q : 'I_n -> {ffun K -> R}).
Implicit Types (f g : {ffun 'I_n -> K} -> R) (s : {ffun 'I_n -> K}).

Lemma draws_ext f g :
  (forall s, (forall i, q i (s i) != 0) -> f s = g s) -> draws q f = draws q g.
Proof.
move=> fg; apply: eq_bigr => s _.
have [/forallP q0|] := boolP [forall i, q i (s i) != 0]; first by rewrite fg.
rewrite negb_forall => /existsP [i]; rewrite negbK => /eqP qi0.
by rewrite (bigD1 i) //= qi0 !mul0r.
Qed.

Lemma draws_eq f g : f =1 g -> draws q f = draws q g.
Proof. by move=> fg; apply: draws_ext => s _; apply: fg. Qed.

Lemma draws_linear a f g :
  draws q (fun s => a * f s + g s) = a * draws q f + draws q g.
Proof.
rewrite /draws big_distrr -big_split /=; apply: eq_bigr => s _.
by rewrite mulrDr mulrCA.
Qed.

Lemma draws_scale a f : draws q (fun s => a * f s) = a * draws q f.
Proof. by rewrite /draws big_distrr; apply: eq_bigr => s _ /=; rewrite mulrCA. Qed.

Lemma draws_sum (I : finType) (P : pred I) (f : I -> {ffun 'I_n -> K} -> R) :
  draws q (fun s => \sum_(i | P i) f i s) = \sum_(i | P i) draws q (f i).
Proof. by rewrite /draws exchange_big; apply: eq_bigr => s _; rewrite big_distrr. Qed.

(* Independence: E prod_i g_i(s_i) = prod_i sum_k q_i(k) g_i(k).
   It lies under every theorem about a categorical loop. *)
Theorem independence (g : 'I_n -> K -> R) :
  draws q (fun s => \prod_(i < n) g i (s i)) = \prod_(i < n) mean (q i) (g i).
Proof.
rewrite /draws /mean bigA_distr_bigA; apply: eq_bigr => s _.
by rewrite -big_split.
Qed.

Hypothesis q_law : forall i, law (q i).

(* Total mass: E 1 = 1, whatever the laws of the n draws.
   It lies under every theorem about a categorical loop. *)
Theorem total_mass : draws q (fun _ => 1) = 1.
Proof.
have /= := independence (fun _ _ => 1).
rewrite (@draws_eq _ (fun _ => 1)) => [->|s]; last by rewrite big1.
by rewrite big1 // => i _; rewrite /mean -[RHS](proj2 (q_law i)); apply: eq_bigr => k _; rewrite mulr1.
Qed.

Lemma draws_const c : draws q (fun _ => c) = c.
Proof.
rewrite (@draws_eq _ (fun _ => c * 1)) => [|s]; last by rewrite mulr1.
by rewrite draws_scale total_mass mulr1.
Qed.

Lemma draws_affine a b f : draws q (fun s => a * f s + b) = a * draws q f + b.
Proof. by rewrite draws_linear draws_const. Qed.

Lemma draws_one i (g : K -> R) : draws q (fun s => g (s i)) = mean (q i) g.
Proof.
pose G j k := if j == i then g k else 1.
rewrite (@draws_eq _ (fun s => \prod_j G j (s j))) => [|s]; last first.
  by rewrite (bigD1 i) //= /G eqxx big1 ?mulr1 // => j /negPf ->.
rewrite independence (bigD1 i) //= big1 ?mulr1 => [|j /negPf ji].
  by apply: eq_bigr => k _; rewrite /G eqxx.
rewrite -[RHS](proj2 (q_law j)); apply: eq_bigr => k _.
by rewrite /G ji mulr1.
Qed.

Lemma draws_two i j (g h : K -> R) : i != j ->
  draws q (fun s => g (s i) * h (s j)) = mean (q i) g * mean (q j) h.
Proof.
move=> ij; have ji : j != i by rewrite eq_sym.
pose G l k := if l == i then g k else if l == j then h k else 1.
rewrite (@draws_eq _ (fun s => \prod_l G l (s l))) => [|s]; last first.
  rewrite (bigD1 i) //= (bigD1 j) //= /G eqxx (negPf ji) eqxx big1 ?mulr1 //.
  by move=> l /andP[/negPf -> /negPf ->].
rewrite independence (bigD1 i) //= (bigD1 j) //= big1 ?mulr1 => [|l /andP[/negPf li /negPf lj]].
  by congr (_ * _); apply: eq_bigr => k _; rewrite /G ?eqxx ?(negPf ji) ?eqxx.
rewrite -[RHS](proj2 (q_law l)); apply: eq_bigr => k _.
by rewrite /G li lj mulr1.
Qed.

(* Sums of features of the draws: with M_i = E g(s_i), N_i = E h(s_i),
   E (sum_i g(s_i)) (sum_i h(s_i))
     = (sum_i M_i) (sum_i N_i) + sum_i (E g(s_i) h(s_i) - M_i N_i).
   It lies under every second moment of a categorical loop. *)
Theorem feature_sums (g h : K -> R) :
  draws q (fun s => (\sum_(i < n) g (s i)) * (\sum_(i < n) h (s i)))
  = (\sum_(i < n) mean (q i) g) * (\sum_(i < n) mean (q i) h)
    + (\sum_(i < n) (mean (q i) (fun k => g k * h k) - mean (q i) g * mean (q i) h)).
Proof.
rewrite (@draws_eq _ (fun s => \sum_i \sum_j g (s i) * h (s j))) => [|s]; last first.
  by rewrite big_distrl; apply: eq_bigr => i _ /=; rewrite big_distrr.
rewrite draws_sum big_distrl -big_split /=; apply: eq_bigr => i _.
rewrite draws_sum big_distrr /= (bigD1 i) //= (draws_one i (fun k => g k * h k)) [in RHS](bigD1 i) //=.
rewrite (@eq_bigr _ _ _ _ _ (fun j => j != i) _ (fun j => mean (q i) g * mean (q j) h)).
  by rewrite [mean (q i) g * _ + _]addrC -addrA [_ + (_ - _)]addrC subrK addrC.
by move=> j ji; rewrite draws_two // eq_sym.
Qed.

End Draws.

Lemma phat_law n (s : {ffun 'I_n -> K}) : (0 < n)%N -> law (phat s).
Proof.
move=> n0; split=> [k|]; first by rewrite ffunE divr_ge0 ?ler0n ?sumr_ge0 // => i _; rewrite ler0n.
rewrite (@eq_bigr _ _ _ _ _ _ _ (fun k => (\sum_(i < n) (s i == k)%:R) / n%:R)) => [|k _]; last first.
  by rewrite ffunE.
rewrite -big_distrl exchange_big /= (@eq_bigr _ _ _ _ _ _ _ (fun=> 1)) => [|i _]; last first.
  by rewrite (bigD1 (s i)) //= eqxx big1 ?addr0 // => k; rewrite eq_sym => /negPf ->.
by rewrite sumr_const card_ord mulfV ?nR_neq0.
Qed.

Lemma mean_phat n (s : {ffun 'I_n -> K}) g : mean (phat s) g = (\sum_(i < n) g (s i)) / n%:R.
Proof.
rewrite /mean (@eq_bigr _ _ _ _ _ _ _ (fun k => (\sum_(i < n) (s i == k)%:R * g k) / n%:R)) => [|k _].
  rewrite -big_distrl exchange_big /=; congr (_ / _); apply: eq_bigr => i _.
  by rewrite (bigD1 (s i)) //= eqxx mul1r big1 ?addr0 // => k; rewrite eq_sym => /negPf ->; rewrite mul0r.
by rewrite ffunE mulrAC big_distrl.
Qed.

Lemma mean_mass p (S : pred K) : mean p (fun k => (S k)%:R) = mass p S.
Proof.
rewrite /mean /mass [RHS]big_mkcond; apply: eq_bigr => k _.
by case: (S k); rewrite ?mulr1 ?mulr0.
Qed.

Lemma mass1 p k : mass p (pred1 k) = p k.
Proof. by rewrite /mass big_pred1_eq. Qed.

Lemma mass_predC p (S : pred K) : law p -> mass p (predC S) = 1 - mass p S.
Proof. by case=> _ p1; apply/eqP; rewrite eq_sym subr_eq -p1 (bigID S) /= addrC. Qed.

End Samples.

Section Loops.
Variables (R : realFieldType) (S X : Type).

Fixpoint nest (step : S -> X -> (X -> R) -> R) (schedule : seq S) (x : X) (f : X -> R) : R :=
  if schedule is n :: later then step n x (fun y => nest step later y f) else f x.

(* A step that averages over states that keep an invariant, when its size is admissible. *)
Record averages (good : S -> bool) (inv : X -> Prop) (step : S -> X -> (X -> R) -> R) : Prop :=
  Averages {
    step_ext : forall n x f g, good n -> inv x ->
      (forall y, inv y -> f y = g y) -> step n x f = step n x g;
    step_linear : forall n x a f g, good n -> inv x ->
      step n x (fun y => a * f y + g y) = a * step n x f + step n x g;
    step_one : forall n x, good n -> inv x -> step n x (fun _ => 1) = 1 }.

Section Averages.
Variables (good : S -> bool) (inv : X -> Prop) (step : S -> X -> (X -> R) -> R).
Hypothesis avg : averages good inv step.

Lemma nest_ext ns x f g : all good ns -> inv x ->
  (forall y, inv y -> f y = g y) -> nest step ns x f = nest step ns x g.
Proof.
elim: ns x => [|n ns IH] x /= => [_|/andP[gn gns]] ix fg; first exact: fg.
by apply: (step_ext avg) => // y iy; apply: IH.
Qed.

Lemma nest_rcons ns n x f : all good (rcons ns n) -> inv x ->
  nest step (rcons ns n) x f = nest step ns x (fun y => step n y f).
Proof.
elim: ns x => [|m ns IH] x //= /andP[gm gns] ix.
by apply: (step_ext avg) => // y iy; apply: IH.
Qed.

Lemma nest_linear ns x a f g : all good ns -> inv x ->
  nest step ns x (fun y => a * f y + g y) = a * nest step ns x f + nest step ns x g.
Proof.
elim: ns x => [|n ns IH] x //= /andP[gn gns] ix.
rewrite -(step_linear avg) //; apply: (step_ext avg) => // y iy; exact: IH.
Qed.

(* Total mass of a loop: E 1 = 1 over any schedule.
   It lies under every theorem about a categorical loop. *)
Theorem total_mass_of_a_loop ns x : all good ns -> inv x -> nest step ns x (fun _ => 1) = 1.
Proof.
elim: ns x => [|n ns IH] x //= /andP[gn gns] ix.
by rewrite (@step_ext _ _ _ avg _ _ _ (fun=> 1)) ?(step_one avg) // => y iy; rewrite IH.
Qed.

Lemma nest_zero ns x : all good ns -> inv x -> nest step ns x (fun _ => 0) = 0.
Proof.
move=> gns ix; rewrite (@nest_ext _ _ _ (fun y => -1 * (fun=> 1) y + (fun=> 1) y)) //.
  by rewrite nest_linear // total_mass_of_a_loop // mulr1 addNr.
by move=> y _ /=; rewrite mulr1 addNr.
Qed.

Lemma nest_scale ns x a f : all good ns -> inv x ->
  nest step ns x (fun y => a * f y) = a * nest step ns x f.
Proof.
move=> gns ix; rewrite -[RHS]addr0 -[0 in RHS](nest_zero gns ix) -nest_linear //.
by apply: nest_ext => // y _; rewrite addr0.
Qed.

Lemma nest_add ns x f g : all good ns -> inv x ->
  nest step ns x (fun y => f y + g y) = nest step ns x f + nest step ns x g.
Proof.
move=> gns ix; rewrite -[nest _ _ _ f]mul1r -nest_linear //.
by apply: nest_ext => // y _; rewrite mul1r.
Qed.

Lemma nest_const ns x c : all good ns -> inv x -> nest step ns x (fun _ => c) = c.
Proof.
move=> gns ix; rewrite -[RHS]mulr1 -[1 in RHS](total_mass_of_a_loop gns ix) -nest_scale //.
by apply: nest_ext => // y _; rewrite mulr1.
Qed.

Lemma nest_affine ns x a b f : all good ns -> inv x ->
  nest step ns x (fun y => a * f y + b) = a * nest step ns x f + b.
Proof. by move=> gns ix; rewrite nest_linear ?nest_const. Qed.

Lemma nest_sum (I : finType) (P : pred I) (f : I -> X -> R) ns x : all good ns -> inv x ->
  nest step ns x (fun y => \sum_(i | P i) f i y) = \sum_(i | P i) nest step ns x (f i).
Proof.
move=> gns ix.
suff H r : nest step ns x (fun y => \sum_(i <- r | P i) f i y)
           = \sum_(i <- r | P i) nest step ns x (f i) by exact: H.
elim: r => [|i r IH].
  by rewrite big_nil -[RHS](nest_zero gns ix); apply: nest_ext => // y _; rewrite big_nil.
rewrite big_cons -IH; case Pi: (P i).
  by rewrite -nest_add //; apply: nest_ext => // y _; rewrite big_cons Pi.
by apply: nest_ext => // y _; rewrite big_cons Pi.
Qed.

(* What a step multiplies and shifts, a loop multiplies and shifts again. *)
Lemma nest_recursion ns n x f a b : all good (rcons ns n) -> inv x ->
  (forall y, inv y -> step n y f = a * f y + b) ->
  nest step (rcons ns n) x f = a * nest step ns x f + b.
Proof.
move=> gns ix H; rewrite nest_rcons // -nest_affine //; last first.
  by move: gns; rewrite all_rcons => /andP[].
by apply: nest_ext => //; move: gns; rewrite all_rcons => /andP[].
Qed.

Lemma nest_product ns x f (a : S -> R) : all good ns -> inv x ->
  (forall n y, good n -> inv y -> step n y f = a n * f y) ->
  nest step ns x f = (\prod_(n <- ns) a n) * f x.
Proof.
move=> + ix H; elim/last_ind: ns => [|ns n IH] gns; first by rewrite big_nil mul1r.
move: (gns); rewrite all_rcons => /andP[gn gns'].
rewrite (@nest_recursion _ _ _ _ (a n) 0) ?addr0 // => [|y iy]; last by rewrite H ?addr0.
by rewrite IH // -cats1 big_cat big_seq1 /= mulrCA mulrA.
Qed.

End Averages.
End Loops.

Section Replace.
Variables (R : realFieldType) (K : finType).
Implicit Types p : {ffun K -> R}.

Definition positive (n : nat) : bool := (0 < n)%N.
Definition replace_step n p (g : {ffun K -> R} -> R) : R := iid p (fun s : {ffun 'I_n -> K} => g (phat R s)).
Definition replace := nest replace_step.

Lemma replace_averages : averages positive (@law R K) replace_step.
Proof.
split=> [n p f g n0 lp fg | n p a f g n0 lp | n p n0 lp].
- by apply: draws_eq => s; apply/fg/phat_law.
- exact: draws_linear.
- exact: total_mass.
Qed.

End Replace.

Print Assumptions independence.
Print Assumptions total_mass.
Print Assumptions feature_sums.
Print Assumptions total_mass_of_a_loop.
